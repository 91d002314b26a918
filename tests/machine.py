"""A test that measures what users get needs the machine for itself: the other workers share it until they are done.

Such a test is handed out last (`Scope.alone`). Its server is restored while the others' last tests run; then it waits.
"""

from __future__ import annotations

import fcntl
import time
from typing import IO

from lab.processes import state


class Machine:
    """This process's part of the machine, held as a lock of a file; it ends with the process, however that ends."""

    def __init__(self) -> None:
        self._file: IO[str] | None = None

    def share(self) -> None:
        """Use the machine along with others; wait while a process has it for itself."""
        state().mkdir(exist_ok=True)
        self._file = (state() / "tests.lock").open("w")
        fcntl.flock(self._file, fcntl.LOCK_SH)

    def take(self) -> float:
        """Have the machine for this process alone. Returns the seconds that it waited for the others' end."""
        began = time.monotonic()
        if self._file is not None:
            fcntl.flock(self._file, fcntl.LOCK_EX)
        return time.monotonic() - began

    def leave(self) -> None:
        """Nothing of this process runs any more."""
        if self._file is not None:
            self._file.close()
            self._file = None


MACHINE = Machine()
