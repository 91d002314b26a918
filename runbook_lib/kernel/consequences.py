"""In JupyterLab one can go on past a cell that was refused: what the cells below then lack follows from it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runbook_lib.core.errors import CellNotReady, RunbookError

NEXT = "Make the cell above pass, then run this one again."


class Consequences:
    """The cells of a run that ended with an error of ours and have not passed since, by their ids."""

    def __init__(self, names: Mapping[str, Any]) -> None:
        self._names = names
        self._ended: dict[str, RunbookError] = {}

    def note(self, cell_id: str, error: BaseException | None) -> None:
        """How a cell ended. Without ids of cells, the next one that passes is taken for the corrected one."""
        if error is None:
            self._ended.pop(cell_id, None)
        elif isinstance(error, RunbookError) and not isinstance(error, CellNotReady):
            self._ended[cell_id] = error

    def of(self, cell_id: str, error: BaseException) -> CellNotReady | None:
        """The error in an operator's words, where it follows from a cell above; None for one that stands on its own.

        Only the cell's own code works with what the cells above have left: an error inside of what it calls is not
        taken for a consequence.
        """
        causes = [one for name, one in self._ended.items() if name != cell_id or not cell_id]
        if not causes or isinstance(error, RunbookError) or not isinstance(error, Exception):
            return None
        if not self._in_cell(error):
            return None
        name = getattr(error, "name", None) if isinstance(error, NameError) else None
        lacks = f"{name!r}, which a cell above did not make" if name else (
            f"what a cell above did not make ({type(error).__name__}: {error})")
        return CellNotReady(f"This cell needs {lacks}. That one ended with: {causes[-1].what}",
                            next_step=causes[-1].next_step or NEXT)

    def _in_cell(self, error: BaseException) -> bool:
        """Whether the error was raised by a cell's own lines, a function of the cell included."""
        step = error.__traceback__
        while step is not None and step.tb_next is not None:
            step = step.tb_next
        return step is not None and step.tb_frame.f_globals is self._names
