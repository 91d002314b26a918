"""Files on this machine that an environment file names: one that cannot be read is a wrong request, whatever it is for.

Nothing was contacted then: exit code 2, as for a missing environment file, parameter file or notebook.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from runbook_lib.core.errors import EnvironmentInvalid

if TYPE_CHECKING:
    from runbook_lib.environment import Environment

HOST_KEY = "Put the server's host key there, read on the server itself: /etc/ssh/ssh_host_ed25519_key.pub."
OTHER_KEY = ("Set server.key_file in the environment file to a private key without a passphrase, or to one that "
             "ssh-agent holds.")
OTHER_CERTIFICATE = "Correct public.ca_file in the environment file."


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
    """Raises EnvironmentInvalid where a file that a connection needs cannot be read.

    All at the beginning: a question to the public address would be sent before the server's own files are missed.
    """
    server, public = environment.server, environment.public
    must_be_readable("known-hosts file", Path(server.known_hosts_file), HOST_KEY)
    must_be_readable("key file", Path(server.key_file), OTHER_KEY)
    if public.ca_file:
        must_be_readable("certificate file", Path(public.ca_file), OTHER_CERTIFICATE)
