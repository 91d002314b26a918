"""Every way a runbook can end badly: what happened, where, what to do next, and the exit code.

RunbookError
├── UsageError            2   the request itself is wrong; nothing was contacted
│   ├── BadParameter
│   ├── EnvironmentInvalid
│   └── NotebookUnknown
├── Refused               3   the request is right, but now is not the time
│   ├── LockHeld
│   ├── ConfirmationMissing
│   ├── PreconditionFailed
│   │   └── AbsentPart
│   ├── PlanChanged
│   ├── CellNotReady
│   ├── SecretMissing
│   ├── HostKeyUnknown
│   ├── HostKeyChanged
│   └── HostKeyRevoked
├── Inconclusive          4   something could not be checked; never a pass
│   ├── HostUnreachable
│   ├── AuthenticationRefused
│   ├── LoginUnusable
│   ├── LinkDropped
│   ├── CommandTimedOut
│   ├── DockerUnavailable
│   ├── EndpointUnavailable
│   │   ├── NameUnresolved
│   │   └── CertificateOutOfDate
│   ├── BrowserMissing
│   └── FactUnreadable
├── RunFailed             1   a step or a check failed
│   ├── StepFailed
│   ├── ChecksFailed
│   └── Aborted
├── RolledBack            5   a step failed and everything before it was undone
└── RollbackFailed        6   a step failed, and undoing failed too
"""

from __future__ import annotations

# whom to call, in the words of every notebook; where the environment is known, its contact itself is named
CALL_FOR_HELP = "call the on-call engineer, the first contact in 00 Start here"

PASSED = 0
FAILED = 1
USAGE = 2
REFUSED = 3
INCONCLUSIVE = 4
ROLLED_BACK = 5
ROLLBACK_FAILED = 6
DEFECT = 70


def failure_text(what: str, where: str, next_step: str) -> str:
    """A failure as an operator reads it: what happened, then where and what to do next, as far as they are known."""
    aligned = next_step.replace("\n", "\n      ")
    lines = (what, f"Where: {where}" if where else "", f"Next: {aligned}" if next_step else "")
    return "\n".join(line for line in lines if line)


class RunbookError(Exception):
    """A failure an operator can act on: `what` happened, `where`, and what to do as the `next_step`."""

    exit_code = FAILED

    def __init__(self, what: str, *, where: str = "", next_step: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.next_step = next_step
        self.report = ""  # a last line that names the report, where nothing else does

    def __str__(self) -> str:
        return failure_text(self.what, self.where, self.next_step)

    def _render_traceback_(self) -> list[str]:
        """What IPython shows in place of a traceback: a traceback means a bug in the runbooks."""
        first, *rest = str(self).split("\n")
        return [f"{type(self).__name__}: {first}", *rest, *([self.report] if self.report else [])]


class UsageError(RunbookError):
    """The request itself is wrong; nothing was contacted."""

    exit_code = USAGE


class BadParameter(UsageError):
    """A parameter is unknown, missing, of the wrong type, or not allowed."""


class EnvironmentInvalid(UsageError):
    """A file in parameters/environments is missing or wrong, or a file of this machine that it names cannot be read."""


class NotebookUnknown(UsageError):
    """No notebook has that name, or several do."""


class Refused(RunbookError):
    """The request is right, but now is not the time."""

    exit_code = REFUSED


class LockHeld(Refused):
    """Another operation holds the environment."""


class ConfirmationMissing(Refused):
    """A change was asked for without naming the target."""


class PreconditionFailed(Refused):
    """A fact makes this the wrong moment or the wrong runbook."""


class AbsentPart(PreconditionFailed):
    """What the runbook is about is declared absent in the environment file (`without`)."""


class PlanChanged(Refused):
    """The facts have changed since the plan that was approved."""


class CellNotReady(Refused):
    """A cell was run although one above it, whose result it needs, had ended with an error."""


class SecretMissing(Refused):
    """A secret that this run needs is not available to it."""


class HostKeyUnknown(Refused):
    """The server's host key is in no known-hosts file that the environment names."""


class HostKeyChanged(Refused):
    """The server's host key differs from the recorded one."""


class HostKeyRevoked(Refused):
    """The server's host key, or the authority that signed it, is marked as revoked."""


class Inconclusive(RunbookError):
    """Something could not be checked; never a pass."""

    exit_code = INCONCLUSIVE


class HostUnreachable(Inconclusive):
    """No connection to the host: refused, timed out, or its name does not resolve."""


class AuthenticationRefused(Inconclusive):
    """No key could be used: its file cannot be read, or the server did not accept it."""


class LoginUnusable(Inconclusive):
    """The server accepted the key, and its login shell or a wrapper around it does not run our commands."""


class LinkDropped(Inconclusive):
    """The connection was lost during a request; its outcome is unknown."""


class CommandTimedOut(Inconclusive):
    """A command ran past its deadline."""


class DockerUnavailable(Inconclusive):
    """The server has no Docker Engine that answers."""


class EndpointUnavailable(Inconclusive):
    """An HTTP endpoint could not be reached, or TLS with it could not be established."""


class NameUnresolved(EndpointUnavailable):
    """The name of an HTTP endpoint does not resolve on this machine: nothing was sent, and nothing is known of it."""


class CertificateOutOfDate(EndpointUnavailable):
    """By this machine's clock, the certificate of an endpoint is not valid yet, or not any more."""


class BrowserMissing(Inconclusive):
    """This machine has no browser that could open a page, or it does not start."""


class FactUnreadable(Inconclusive):
    """A reply came, but not in the expected form."""


class RunFailed(RunbookError):
    """A step or a check failed."""

    exit_code = FAILED


class StepFailed(RunFailed):
    """A step of a plan failed; no later step ran."""


class ChecksFailed(RunFailed):
    """At least one check failed."""


class Aborted(RunFailed):
    """The run was stopped by an operator or a time limit: Ctrl-C, SIGTERM, a deadline."""


class RolledBack(RunbookError):
    """A step failed, and the steps before it were undone, but for what the report names as kept."""

    exit_code = ROLLED_BACK


class RollbackFailed(RunbookError):
    """A step failed, and undoing it failed too: manual intervention is required."""

    exit_code = ROLLBACK_FAILED
