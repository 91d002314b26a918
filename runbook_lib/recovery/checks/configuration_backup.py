"""May the configuration be committed, and would a clone of the repository bring it all back? Pure."""

from __future__ import annotations

from runbook_lib.core.findings import Finding, Verdict, finding
from runbook_lib.environment import Environment
from runbook_lib.recovery.facts.configuration_backups import CLOCK_TOLERANCE, ConfigurationBackups, KeptFiles

_OPTIONAL = "not there"


def configuration_preconditions(now: ConfigurationBackups, environment: Environment) -> tuple[Finding, ...]:
    """Whether a configuration backup may start: no secret in any file, and a place to write."""
    rules = environment.configuration_backup
    parent = rules.repository.rpartition("/")[0]
    leaks = "; ".join(f"{secret} in {file}" for secret, file in now.leaks)
    missing = [path for why, path in now.left
               if why == _OPTIONAL and path.startswith(environment.server.directory + "/")]
    return (
        finding("the files can be searched for secrets", now.searched, measured="yes" if now.searched else "no",
                expected=f"{environment.server.path('.env.secrets')} can be read, and every file be searched",
                next_step="If that file is missing, run 20 Deploy: it delivers the secrets. Else free memory, "
                          "run again."),
        finding("no secret stands in a configuration file", (not now.leaks) if now.searched else None,
                measured=leaks or f"none in {now.collected} files", expected="none",
                next_step="Write ${NAME} there instead of the value, then give that secret a new value: it was "
                          "exposed."),
        finding("the repository can be written", now.writable, measured="yes" if now.writable else "no",
                expected=f"{parent} belongs to {environment.server.user}",
                next_step=f"As root on the server: install -d -o {environment.server.user} -m 0750 {parent}"),
        finding("every file of the project is there", not missing, measured=", ".join(missing) or "yes", expected="yes",
                otherwise=Verdict.WARNING,
                next_step="Correct configuration_backup.project_paths, or look who took it away."),
        finding("every file could be read", not _unread(now), measured=", ".join(_unread(now)) or "yes", expected="yes",
                otherwise=Verdict.WARNING,
                next_step=f"These files are in no backup: let {environment.server.user} read them, or keep them "
                          "elsewhere."),
        _clock(now),
    )


def configuration_is_safe(after: ConfigurationBackups, before: ConfigurationBackups) -> tuple[Finding, ...]:
    """Whether a fresh clone of the repository has every file as it is on the server."""
    again = "Do not rely on this repository: look at the disk, move it away, and run again."
    older = {one.commit for one in before.commits[:19]}
    seen = after.clone is not None and after.clone != "no backup yet"
    return (
        finding("nothing is left to commit", not after.changes,
                measured=f"{len(after.changes)} changes" if after.changes else "nothing", expected="nothing",
                next_step="A file changed meanwhile: run again."),
        finding("the repository can be cloned and is whole", (after.clone == "good") if seen else None,
                measured=after.clone or "no clone was made", expected="good", next_step=again),
        finding("a clone has every file, byte for byte", (not after.differs and after.clone_files == after.collected)
                if after.clone == "good" else None,
                measured="; ".join(after.differs[:3]) or f"{after.clone_files} of {after.collected} files",
                expected=f"{after.collected} files as on the server", next_step=again),
        finding("older backups are still there", older <= {one.commit for one in after.commits},
                measured=f"{len(after.commits)} newest commits read", expected="none lost", next_step=again),
    )


def files_are_safe(kept: KeptFiles, environment: Environment) -> tuple[Finding, ...]:
    """Whether the archives are intact, and no volume holds something that no backup knows of."""
    rules = environment.configuration_backup
    damaged = [archive.name for archive in kept.archives if not archive.intact]
    wanted = (rules.static_assets is not None) + len(rules.uploads)
    unknown = [volume for volume in kept.volumes if volume not in rules.data_volumes]
    return (
        finding("files are archived", len(kept.archives) >= wanted, measured=f"{len(kept.archives)} archives",
                expected=f"at least {wanted}", next_step="Read the evidence of the step that failed, then run again."),
        finding("every archive is intact", not damaged, measured=", ".join(damaged) or "yes", expected="yes",
                next_step="Move the damaged file away and run again: it is made anew."),
        finding("every volume is known", (not unknown) if kept.volumes else None,
                measured=", ".join(unknown) or f"{len(kept.volumes)} volumes",
                expected="in configuration_backup.data_volumes", otherwise=Verdict.WARNING,
                next_step="It may hold uploads: name its folder in configuration_backup.uploads, or say why not."),
    )


def _unread(now: ConfigurationBackups) -> list[str]:
    return [path for why, path in now.left if why in ("not readable", "too large", "odd name")]


def _clock(now: ConfigurationBackups) -> Finding:
    good = now.clock_apart_s <= CLOCK_TOLERANCE.total_seconds()
    return finding("the clock can be trusted", good, measured=f"{now.clock_apart_s:.0f} s apart",
                   expected="within 2 minutes", otherwise=Verdict.WARNING,
                   next_step="The backup is made, but no old log is deleted. Set the clock right: timedatectl.")
