"""A confirmation is given for one run: one that is saved in the notebook's file confirms nothing."""

from __future__ import annotations

import re

from runbook_lib.contract import Contract
from runbook_lib.contract.catalogue import Runbook
from runbook_lib.core.errors import BadParameter

# any argument but the parameter itself: a name in the file would confirm every later run
CONFIRM_CALL = re.compile(r"\brun\.confirm\((?!run\.parameters\.confirm\))[^\n]*")


def reject_saved_confirmation(runbook: Runbook, contract: Contract) -> None:
    """Raises BadParameter where the notebook's file itself has mode "apply" or holds a confirmation."""
    defaults = {one.name: one.default for one in contract.parameters}
    saved = [f'{name} = "{value}"' for name, value in defaults.items()
             if (name == "mode" and value != "plan") or (name.startswith("confirm") and value)]
    saved += [found.group() for cell in runbook.cells if cell["cell_type"] == "code"
              for found in CONFIRM_CALL.finditer(cell["source"])]
    if saved:
        raise BadParameter(
            f"A confirmation is saved in the notebook: {', '.join(saved)}. It was given for another run.",
            where=f"notebooks/{runbook.name}.ipynb",
            next_step=f"Clear it: git checkout notebooks/{runbook.name}.ipynb. Nothing was contacted.",
        )
