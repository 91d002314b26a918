"""`runbook`: short wrappers around the package; nothing is decided here."""

from __future__ import annotations

import sys
from typing import NoReturn

from runbook_lib.core.errors import FAILED
from runbook_lib.core.lazy import loader

STOPPED = "Stopped. No run was begun."

__getattr__ = loader(__name__, {"app": "runbook_lib.cli.commands"})


def main() -> NoReturn:
    """The console script."""
    try:
        # imported here: it takes half a second, and a Ctrl-C in it must not print a traceback
        from runbook_lib.cli.commands import run_command_line

        run_command_line()
    except KeyboardInterrupt:
        print(STOPPED, file=sys.stderr)
        sys.exit(FAILED)
