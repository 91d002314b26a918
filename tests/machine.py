"""A test that measures what users get needs the machine for itself: it waits until the last server of another is gone.

Such a test is handed out when no other test of a server is left (`Scope.alone`). Tests without a server go on meanwhile,
with the lowest priority.
"""

from __future__ import annotations

import fcntl
import os
import time
from typing import IO

from lab.processes import state

LOWEST = 19


class Machine:
    """This process's part of the machine, held as a lock of a file; it ends with the process, however that ends."""

    def __init__(self) -> None:
        self._file: IO[str] | None = None
        self._humble = False

    def share(self) -> None:
        """Use the machine along with others; wait while a process has it for itself."""
        if self._file is not None:
            return
        state().mkdir(exist_ok=True)
        self._file = (state() / "tests.lock").open("w")
        fcntl.flock(self._file, fcntl.LOCK_SH)

    def take(self) -> float:
        """Have the machine for this process alone. Returns the seconds that it waited for the others' end."""
        began = time.monotonic()
        if self._file is not None:
            fcntl.flock(self._file, fcntl.LOCK_EX)
        return time.monotonic() - began

    def give_way(self) -> None:
        """Before a test that no measurement would notice: it holds up none, and has the lowest priority next to one."""
        self.leave()
        if not self._humble and self._taken():
            os.setpriority(os.PRIO_PROCESS, 0, LOWEST)  # to the end: what is measured comes last
            self._humble = True

    @staticmethod
    def _taken() -> bool:
        try:
            with (state() / "tests.lock").open() as file:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except FileNotFoundError:
            return False
        except BlockingIOError:
            return True
        return False

    def leave(self) -> None:
        """Nothing of this process runs any more."""
        if self._file is not None:
            self._file.close()
            self._file = None


MACHINE = Machine()
