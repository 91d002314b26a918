"""May the configuration be committed, and would a clone of the repository bring all of it back? Pure."""

from __future__ import annotations

from runbook_lib.core.findings import Finding, Verdict, finding
from runbook_lib.core.text import pluralize
from runbook_lib.environment import Environment
from runbook_lib.recovery.checks.folder_owner import own_folders
from runbook_lib.recovery.facts.configuration_backups import (
    CLONE_EMPTY,
    CLONE_GOOD,
    ConfigurationBackups,
    Exclusion,
)

SEARCHABLE = "the files can be searched for secrets"
NO_SECRET = "no configuration file contains a secret"
KEPT = "files with secrets are kept elsewhere"
_UNSAVED = (Exclusion.UNREADABLE, Exclusion.TOO_LARGE, Exclusion.ODD_NAME)
_UNRELIABLE = "Do not rely on this repository: check the disk, move the repository away, and run again."
_COMPARED_COMMITS = 19  # the survey reads the newest 20, of which one may be new


def configuration_preconditions(now: ConfigurationBackups, environment: Environment) -> tuple[Finding, ...]:
    """Whether a configuration backup may start: no secret in any file, a writable repository, every file readable."""
    rules = environment.configuration_backup
    parent, user = rules.repository.rpartition("/")[0], environment.server.user
    missing = [path for reason, path in now.excluded
               if reason is Exclusion.MISSING and path.startswith(environment.server.directory + "/")]
    unread = [path for reason, path in now.excluded if reason in _UNSAVED]
    return (
        *_secrets(now, environment),
        *own_folders(now.owners, environment.project),
        # it was not asked about where the search before it was not possible
        finding("the repository is writable", now.writable if now.searched else None,
                measured="yes" if now.writable else "no", expected=f"{parent} belongs to {user}",
                next_step=f"As root on the server: install -d -o {user} -m 0750 {parent}"),
        finding("every file of the project is there", not missing, measured=", ".join(missing) or "yes", expected="yes",
                otherwise=Verdict.WARNING,
                next_step="Correct configuration_backup.project_paths, or find out who removed it."),
        finding("every file that Compose includes is backed up", not now.unlisted,
                measured="; ".join(now.unlisted) or "yes", expected="yes", otherwise=Verdict.WARNING,
                next_step="Add them to configuration_backup.project_paths, then run 34: the weekly job has the list."),
        _secrets_are_kept(now, environment),
        finding("every file is readable", not unread, measured=", ".join(unread) or "yes", expected="yes",
                otherwise=Verdict.WARNING,
                next_step=f"These files are in no backup: let {user} read them, or keep them elsewhere."),
        finding("the clock can be trusted", now.clock_trusted, measured=f"{now.clock_apart_s:.0f} s apart",
                expected="within 2 minutes", otherwise=Verdict.WARNING,
                next_step="The backup is made, but no old log is deleted. Correct the clock: timedatectl."),
    )


def configuration_is_safe(after: ConfigurationBackups, before: ConfigurationBackups) -> tuple[Finding, ...]:
    """Whether a fresh clone of the repository has every file as it is on the server, and no older backup was lost."""
    cloned = after.clone is not None and after.clone != CLONE_EMPTY
    older = {one.commit for one in before.commits[:_COMPARED_COMMITS]}
    return (
        finding("nothing is left to commit", not after.changes,
                measured=pluralize(len(after.changes), "change") if after.changes else "nothing", expected="nothing",
                next_step="A file changed meanwhile: run again."),
        finding("the repository can be cloned and is intact", (after.clone == CLONE_GOOD) if cloned else None,
                measured=after.clone or "no clone was made", expected=CLONE_GOOD, next_step=_UNRELIABLE),
        finding("a clone has every file, byte for byte", (not after.differs and after.clone_files == after.collected)
                if after.clone == CLONE_GOOD else None,
                measured="; ".join(after.differs[:3]) or f"{after.clone_files} of {after.collected} files",
                expected=f"{after.collected} files as on the server", next_step=_UNRELIABLE),
        finding("older backups are still there", older <= {one.commit for one in after.commits},
                measured=f"{pluralize(len(after.commits), 'commit')} read, the newest", expected="none lost",
                next_step=_UNRELIABLE),
    )


def _secrets_are_kept(now: ConfigurationBackups, environment: Environment) -> Finding:
    """Files of secrets are in no backup of ours: whoever loses the server needs them from elsewhere."""
    if now.unsaved_secrets is None:
        folder, user = environment.server.directory, environment.server.user
        return finding(KEPT, False, measured=f"not known: {folder} cannot be entered", expected="a copy of each",
                       otherwise=Verdict.WARNING, next_step=f"Is {folder} there, and may {user} enter it?")
    names, kept = ", ".join(now.unsaved_secrets), environment.configuration_backup.secrets_kept
    found = (f"{names}: {kept}" if kept else f"{names} in no backup") if names else "there are none"
    return finding(KEPT, not names or kept is not None, measured=found,
                   expected="a copy of each where secrets are kept", otherwise=Verdict.WARNING,
                   next_step="No backup takes them, so that none holds a secret, and a new server needs them: copy "
                   "each to where the team keeps secrets (a password manager), and say where in "
                   "configuration_backup.secrets_kept.")


def _secrets(now: ConfigurationBackups, environment: Environment) -> tuple[Finding, ...]:
    compose = environment.compose
    file = compose.own_variables if environment.release.replaced else compose.secrets_file
    places = " and ".join(environment.server.path(one) for one in file.split(", "))
    leaks = "; ".join(f"{secret} in {file}" for secret, file in now.leaks)
    return (
        finding(SEARCHABLE, now.searched, measured="yes" if now.searched else "no",
                expected=f"{places} can be read, and every file can be searched",
                next_step="Let the runbooks' user read it." if environment.release.replaced else
                "If that file is missing, run 20 Deploy: it delivers the secrets. Otherwise free memory and run "
                "again."),
        finding(NO_SECRET, (not now.leaks) if now.searched else None,
                measured=leaks or f"none in {now.collected} files", expected="none",
                next_step="Replace the value in the file by ${NAME}, then rotate that secret: it was exposed."),
    )
