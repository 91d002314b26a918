"""Are the archives of files intact, and is every data volume declared? Pure."""

from __future__ import annotations

from runbook_lib.core.findings import Finding, Verdict, finding
from runbook_lib.core.text import pluralize
from runbook_lib.environment import Environment
from runbook_lib.recovery.facts.archived_files import ArchivedFiles


def files_are_safe(archived: ArchivedFiles, environment: Environment) -> tuple[Finding, ...]:
    """Whether the archives are intact, and no volume holds something that no backup knows of."""
    rules = environment.configuration_backup
    damaged = [archive.name for archive in archived.archives if not archive.intact]
    folders = rules.archived_folders
    # archives of one folder, however many, say nothing of another
    missing = [folder if isinstance(folder, str) else f"{folder.path} of {folder.service}" for name, folder in folders
               if not any(one.is_of(name) for one in archived.archives)]
    undeclared = [volume for volume in archived.volumes if volume not in rules.data_volumes]
    # where the environment file declares some and Compose has none, its answer cannot be right
    known = bool(archived.volumes) or not rules.data_volumes
    return (
        finding("files are archived", not missing,
                measured=f"no archive of {', '.join(missing)}" if missing else
                f"all of {pluralize(len(folders), 'folder')}" if folders else "the environment file names none",
                expected="an archive of each folder",
                next_step="Read the evidence of the step that failed, then run again."),
        finding("every archive is intact", not damaged, measured=", ".join(damaged) or "yes", expected="yes",
                next_step="Move the damaged file away and run again: it is made again."),
        finding("every volume is declared", (not undeclared) if known else None,
                measured=", ".join(undeclared) or (
                    pluralize(len(archived.volumes), "volume") if archived.volumes else "Compose has none"),
                expected="in configuration_backup.data_volumes", otherwise=Verdict.WARNING,
                next_step="It may hold uploads: name its folder in configuration_backup.uploads, or declare why not."),
    )
