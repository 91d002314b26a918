"""What a cell lacks because one above it was refused is not a bug; an error that stands on its own is one."""

from __future__ import annotations

from typing import Any

import pytest

from runbook_lib.core.errors import CellNotReady, PreconditionFailed
from runbook_lib.kernel.consequences import Consequences

REFUSED = PreconditionFailed("There is no good backup to restore.", next_step="Run 30 Back up the database.")


def ended(code: str, names: dict[str, Any]) -> BaseException:
    """The error of a cell with this code, as IPython hands it over."""
    with pytest.raises(BaseException) as caught:
        exec(compile(code, "<cell>", "exec"), names)
    return caught.value


@pytest.mark.parametrize(("code", "lacks"), [
    ("target = plan(tree)\n", "'plan', which a cell above did not make"),
    ("backup.name\n", "what a cell above did not make (AttributeError: 'str' object has no attribute 'name')"),
    ("def inner():\n    return missing\ninner()\n", "'missing', which a cell above did not make"),
    ("backup['x']\n", "what a cell above did not make (TypeError: string indices must be integers, not 'str')"),
])
def test_what_the_cells_own_code_lacks_follows_from_the_one_above(code: str, lacks: str) -> None:
    names: dict[str, Any] = {"backup": ""}
    seen = Consequences(names)
    seen.note("a", REFUSED)
    follows = seen.of("b", ended(code, names))
    assert isinstance(follows, CellNotReady)
    assert follows.what == f"This cell needs {lacks}. That one ended with: There is no good backup to restore."
    assert follows.next_step == "Run 30 Back up the database."


@pytest.mark.parametrize("code", ["raise KeyboardInterrupt", "raise SystemExit(1)", "import json\njson.loads('{')", "int('x') and helper()"])
def test_a_stop_and_an_error_inside_of_what_it_calls_stand_on_their_own(code: str) -> None:
    names: dict[str, Any] = {}
    seen = Consequences(names)
    seen.note("a", REFUSED)
    error = ended(code, names)
    assert (seen.of("b", error) is None) is not code.startswith("int")


def test_without_a_refused_cell_above_it_is_a_bug() -> None:
    names: dict[str, Any] = {}
    seen = Consequences(names)
    error = ended("missing", names)
    assert seen.of("b", error) is None
    seen.note("a", error)
    assert seen.of("b", error) is None, "a bug above is not a refusal"
    seen.note("a", REFUSED)
    assert seen.of("a", error) is None, "the very cell, run again, is wrong itself now"
    assert seen.of("b", error)
    seen.note("a", None)
    assert seen.of("b", error) is None, "corrected"


def test_a_consequence_causes_nothing_itself() -> None:
    names: dict[str, Any] = {}
    seen = Consequences(names)
    seen.note("a", REFUSED)
    follows = seen.of("b", ended("missing", names))
    seen.note("b", follows)
    seen.note("a", None)
    assert seen.of("c", ended("other", names)) is None
