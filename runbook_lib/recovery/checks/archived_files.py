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
    wanted = (rules.static_assets is not None) + len(rules.uploads)
    undeclared = [volume for volume in archived.volumes if volume not in rules.data_volumes]
    return (
        finding("files are archived", len(archived.archives) >= wanted,
                measured=pluralize(len(archived.archives), "archive"), expected=f"at least {wanted}",
                next_step="Read the evidence of the step that failed, then run again."),
        finding("every archive is intact", not damaged, measured=", ".join(damaged) or "yes", expected="yes",
                next_step="Move the damaged file away and run again: it is made again."),
        finding("every volume is declared", (not undeclared) if archived.volumes else None,
                measured=", ".join(undeclared) or pluralize(len(archived.volumes), "volume"),
                expected="in configuration_backup.data_volumes", otherwise=Verdict.WARNING,
                next_step="It may hold uploads: name its folder in configuration_backup.uploads, or declare why not."),
    )
