"""Files on this machine that an environment file names: one that cannot be read is a wrong request, whatever it is for.

Nothing was contacted then: exit code 2, as for a missing environment file, parameter file or notebook.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from runbook_lib.core.errors import EnvironmentInvalid

if TYPE_CHECKING:
    from runbook_lib.environment import Environment

NO_SSH_CONFIG = "none"  # ssh's own word for no configuration file
HOST_KEY = "Put the server's host key there, read on the server itself: /etc/ssh/ssh_host_ed25519_key.pub."
OTHER_KEY = ("Set server.key_file in the environment file to a private key without a passphrase, or to one that "
             "ssh-agent holds.")
OTHER_CERTIFICATE = "Correct public.ca_file in the environment file."
OTHER_SSH_CONFIG = f'Correct server.ssh_config_file in the environment file, or set it to "{NO_SSH_CONFIG}".'


def unreadable(what: str, file: Path, error: OSError, next_step: str) -> EnvironmentInvalid:
    """The error for a file that is missing or may not be read; `what` is what it is, e.g. "key file"."""
    return EnvironmentInvalid(f"The {what} {file} cannot be read ({error.strerror or error}).", where=str(file),
                              next_step=next_step)


def must_be_readable(what: str, file: Path, next_step: str) -> None:
    """Raises EnvironmentInvalid where another program could not read it; what it holds is that one's to judge."""
    try:
        with file.open("rb"):
            return
    except OSError as error:
        raise unreadable(what, file, error, next_step) from error


def check_local_files(environment: Environment) -> None:
    """Raises EnvironmentInvalid where files that a run needs cannot be read: all of them, each with its key.

    All at the beginning: a question to the public address would be sent before the server's own files are missed.
    A missing file of secrets is not among them: most notebooks need none, and those that do name what they lack.
    """
    server, public = environment.server, environment.public
    configuration = server.ssh_config_file if server.ssh_config_file != NO_SSH_CONFIG else None
    wanted = (("server.known_hosts_file", server.known_hosts_file, HOST_KEY),
              ("server.key_file", server.key_file, OTHER_KEY),
              ("server.ssh_config_file", configuration, OTHER_SSH_CONFIG),
              ("public.ca_file", public.ca_file, OTHER_CERTIFICATE))
    faults, advice = [], []
    for key, file, next_step in wanted:
        reason = _why_unreadable(Path(file)) if file else ""
        if reason:
            faults.append(f"{key}: {file} cannot be read ({reason}).")
            advice.append(next_step)
    if faults:
        raise EnvironmentInvalid("\n".join(faults), where=f"the environment {environment.name}, on this machine",
                                 next_step="\n".join((*advice, "Nothing was contacted.")))


def _why_unreadable(file: Path) -> str:
    try:
        with file.open("rb"):
            return ""
    except OSError as error:
        return error.strerror or str(error)
