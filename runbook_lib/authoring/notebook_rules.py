"""What every notebook has to keep, cell by cell. Tests and `runbook check` share these rules.

A rule is a function from a notebook to what breaks it, one line each; its docstring is what it asks for.
"""

from __future__ import annotations

import ast
import re
from types import ModuleType
from typing import Any

from runbook_lib.authoring.cells import cells_of, nodes_of
from runbook_lib.contract import Contract, parse_contract
from runbook_lib.contract.catalogue import Runbook
from runbook_lib.contract.saved_confirmation import reject_saved_confirmation
from runbook_lib.core.errors import BadParameter

LONGEST_CELL = 10  # lines that are not blank
LONGEST_PROSE = 90  # words: what an operator at 03:00 reads before deciding
CARD_FIELDS = ("Use it when", "It changes", "To undo")
DURATION = re.compile(r"\*\*Takes\*\*|^\*\*.*\b(seconds?|minutes?|hours?)\b", re.MULTILINE)
LOGIC = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.For, ast.AsyncFor, ast.While, ast.Try, ast.Lambda)
LEAVING = {"input", "exit", "quit", "sys.exit", "os._exit"}
CHANGING = ("run.plan", "run.confirm", "run.execute")  # in this order
# what has happened → how its cell begins, the worst first: an operator who needs help must not read to the end for it
OUTCOMES = {
    "the rollback failed, or what is as bad": (
        r"## .+\n\*\*Call the on-call engineer[^\n]*: the first contact in [^\n]*\]\(00_start_here\.ipynb\)",
        "its first line should be: **Call the on-call engineer …: the first contact in …** with a link to "
        "00_start_here.ipynb"),
    "rolled back": (
        r"## .*[Rr]olled back.*(\n.*)*\|---",
        "its heading should have the words *rolled back*, and a table follows"),
    "passed": (r"## Passed\n(.*\n)*\|---", "it should be headed *Passed*, with a table"),
}


def outputs_are_stripped(runbook: Runbook) -> list[str]:
    """The file holds no outputs and no execution counts."""
    return [f"{where}: has an output or an execution count; clear it" for where, cell in cells_of(runbook, "code")
            if cell["outputs"] or cell["execution_count"] is not None]


def parameters_come_first(runbook: Runbook) -> list[str]:
    """The first code cell, and no other, is tagged `parameters`."""
    tagged = [index for index, (_, cell) in enumerate(cells_of(runbook, "code")) if "parameters" in _tags(cell)]
    return [] if tagged == [0] else ["tag the first code cell `parameters`, and no other"]


def parameters_are_typed_literals(runbook: Runbook) -> list[str]:
    """The parameters cell is one `name: type = value  # meaning` a line, with `environment` and `reason`."""
    try:
        contract = _contract(runbook)
    except BadParameter as error:
        return [error.what]
    missing = [name for name in ("environment", "reason") if name not in contract.names]
    bare = [one.name for one in contract.parameters if not one.comment]
    return [*(f"parameter {name} is missing" for name in missing),
            *(f"parameter {name} has no comment that says what it means, and its unit" for name in bare)]


def defaults_change_nothing(runbook: Runbook) -> list[str]:
    """`mode` is "plan" and every confirmation is empty, so that running all cells is safe."""
    try:
        reject_saved_confirmation(runbook, _contract(runbook))
    except BadParameter as error:
        return [error.what]
    return []


def cells_are_thin(runbook: Runbook) -> list[str]:
    """At most ten lines a cell, no logic, and only public names of `runbook_lib`."""
    public = public_names()
    return [f"{where}: {fault}" for where, cell in cells_of(runbook, "code") if "parameters" not in _tags(cell)
            for fault in faults_of_code(cell["source"], public)]


def failures_are_not_hidden(runbook: Runbook) -> list[str]:
    """No cell may raise and go on."""
    return [f"{where}: remove the tag `raises-exception`" for where, cell in cells_of(runbook, "code")
            if "raises-exception" in _tags(cell)]


def prose_stands_before_code(runbook: Runbook) -> list[str]:
    """A card at the top; then prose before each code cell, but for the two first and one more."""
    kinds = [cell["cell_type"] for cell in runbook.cells]
    bare = [index for index in range(1, len(kinds)) if kinds[index] == kinds[index - 1] == "code"]
    later = [index for index in bare if index > 3]  # imports may follow the parameters without prose
    faults = [] if kinds[:1] == ["markdown"] else ["the first cell should be the card (prose)"]
    if len(later) > 1:
        faults += [f"cell {index}: has no prose before it; what does it ask?" for index in later[1:]]
    return faults


def prose_is_short(runbook: Runbook) -> list[str]:
    """At most 90 words a prose cell of the run, tables included; the card and the end may have longer tables."""
    code = [index for index, cell in enumerate(runbook.cells) if cell["cell_type"] == "code"]
    counted = {index: len(_words(cell["source"], tables=code[:1] < [index] < code[-1:]))
               for index, cell in enumerate(runbook.cells) if cell["cell_type"] == "markdown"}
    return [f"cell {index}: {count} words of prose; shorten it to {LONGEST_PROSE}"
            for index, count in counted.items() if count > LONGEST_PROSE]


def card_is_complete(runbook: Runbook) -> list[str]:
    """The card has a title, when to use the runbook, what it changes, how long it takes and how to undo it."""
    faults = [] if runbook.card.startswith("# ") else ["card: begin with `# Title`"]
    faults += [f"card: the row **{field}** is missing" for field in CARD_FIELDS if f"**{field}**" not in runbook.card]
    if not DURATION.search(runbook.card):
        faults.append("card: how long it takes is missing: a bold line with time and outage, or the row **Takes**")
    return faults


def run_is_opened_and_closed(runbook: Runbook) -> list[str]:
    """The run is opened under the notebook's own name, and `run.close()` is the last code cell."""
    code = [cell["source"] for _, cell in cells_of(runbook, "code")]
    opened = any(f'open_run("{runbook.name}", globals())' in source for source in code[1:2])
    faults = [] if opened else [f'the second code cell should have: run = open_run("{runbook.name}", globals())']
    closed = bool(code) and code[-1].strip() == "run.close()"
    return faults if closed else [*faults, "the last code cell should be: run.close()"]


def changes_are_planned_and_confirmed(runbook: Runbook) -> list[str]:
    """With a `mode`: plan, confirm, execute, in this order. Without one: none of them."""
    calls = [call for _, cell in cells_of(runbook, "code") for call in _calls(cell["source"]) if call in CHANGING]
    first = list(dict.fromkeys(calls))
    changes = _changes_things(runbook)
    if changes is None:
        return []  # the rule about parameters reports it
    wanted = list(CHANGING) if changes else []
    return [] if first == wanted else [f"calls {', '.join(first) or 'none'}; should be {', '.join(wanted) or 'none'}"]


def ends_with_what_to_do(runbook: Runbook) -> list[str]:
    """The last cell is a table of what to do when something failed."""
    last = runbook.cells[-1]
    table = last["cell_type"] == "markdown" and last["source"].startswith("#") and "|---" in last["source"]
    return [] if table else ["the last cell should be a heading and a table: what failed, what is true now, what to do"]


def outcomes_are_three_cells(runbook: Runbook) -> list[str]:
    """What changes something ends with three cells, worst outcome first: whom to call, *Rolled back*, *Passed*."""
    if not _changes_things(runbook):
        return []
    last = runbook.cells[-len(OUTCOMES):]
    first = len(runbook.cells) - len(last)
    texts = [cell["source"] if cell["cell_type"] == "markdown" else "" for cell in last]
    return [f"cell {first + place}, for {outcome}: {should}"
            for place, (text, (outcome, (pattern, should))) in enumerate(zip(texts, OUTCOMES.items(), strict=False))
            if not re.match(pattern, text)]


def faults_of_code(text: str, public: set[str]) -> list[str]:
    """What makes a code cell too thick, or reach past the `public` names of runbook_lib."""
    try:
        tree = ast.parse(text)
    except SyntaxError as error:
        return [f"line {error.lineno} is not Python: {error.msg}"]
    faults = []
    if len([line for line in text.splitlines() if line.strip()]) > LONGEST_CELL:
        faults.append(f"longer than {LONGEST_CELL} lines")
    for node in ast.walk(tree):
        faults += _faults_of_node(node, public)
    return faults


def _faults_of_node(node: ast.AST, public: set[str]) -> list[str]:
    match node:
        case ast.Import():
            return [f"import {node.names[0].name}: notebooks import public names of runbook_lib"]
        case ast.ImportFrom():
            outside = [] if node.module == "runbook_lib" else [
                f"from {node.module}: notebooks import public names of runbook_lib"]
            return [*outside, *(f"{one.name} is not public" for one in node.names if one.name not in public)]
        case ast.Attribute() if missing := missing_name(ast.unparse(node)):
            return [f"{missing} is not public"]
        case ast.Call() if ast.unparse(node.func) in LEAVING:
            return [f"{ast.unparse(node.func)}() in a cell"]
    return [f"{type(node).__name__} belongs in runbook_lib"] if isinstance(node, LOGIC) else []


def public_names() -> set[str]:
    """What a notebook may import from `runbook_lib`."""
    import runbook_lib

    return set(runbook_lib.__all__)


def missing_name(dotted: str) -> str:
    """The text itself when it begins with a family, as `recovery.checks.x`, and leads to no public name; else empty."""
    import runbook_lib

    value: Any = runbook_lib
    if not re.fullmatch(r"[\w.]+", dotted):
        return ""  # an attribute of what a call returned
    for part in dotted.split("."):
        if not (isinstance(value, ModuleType) and hasattr(value, "__path__")):
            break  # a method of a value, or a function of a module of charts
        if part not in getattr(value, "__all__", [part]):
            return "" if value is runbook_lib else dotted
        value = getattr(value, part)
    return ""


def _changes_things(runbook: Runbook) -> bool | None:
    """Whether it has a `mode`; None where its parameters cannot be read."""
    try:
        return _contract(runbook).changes_things
    except BadParameter:
        return None


def _contract(runbook: Runbook) -> Contract:
    return parse_contract(runbook.name, runbook.parameters_source)


def _words(text: str, *, tables: bool) -> list[str]:
    """The words of some prose; without `tables`, a lookup table's rows do not count: one of them is read, not all."""
    lines = (line for line in text.splitlines() if tables or not line.startswith("|"))
    return [word for line in lines for word in line.split() if re.search(r"\w", word)]


def _tags(cell: dict[str, Any]) -> list[str]:
    return list(cell["metadata"].get("tags", []))


def _calls(source: str) -> list[str]:
    """What a cell calls, in the order of the text."""
    found = [node for node in nodes_of(source) if isinstance(node, ast.Call)]
    return [ast.unparse(node.func) for node in sorted(found, key=lambda node: (node.lineno, node.col_offset))]
