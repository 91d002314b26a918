"""`runbook check`: all rules for one notebook, and what a template still leaves to write."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from runbook_lib.authoring import display_rules, notebook_rules, parameter_rules, place_rules
from runbook_lib.contract.catalogue import Runbook

Rule = Callable[[Runbook], list[str]]
RULES: tuple[Rule, ...] = (
    notebook_rules.card_is_complete,
    notebook_rules.parameters_come_first,
    notebook_rules.parameters_are_typed_literals,
    parameter_rules.parameters_keep_their_names,
    parameter_rules.needs_are_declared,
    notebook_rules.defaults_change_nothing,
    notebook_rules.run_is_opened_and_closed,
    notebook_rules.changes_are_planned_and_confirmed,
    notebook_rules.cells_are_thin,
    display_rules.results_are_shown,
    notebook_rules.prose_stands_before_code,
    notebook_rules.prose_is_short,
    notebook_rules.failures_are_not_hidden,
    notebook_rules.ends_with_what_to_do,
    notebook_rules.outcomes_are_three_cells,
    notebook_rules.outputs_are_stripped,
    place_rules.links_lead_somewhere,
    place_rules.readme_names_it,
    place_rules.start_here_names_it,
    place_rules.a_page_describes_it,
    place_rules.a_run_file_uses_it,
    place_rules.a_lab_test_runs_it,
)
TO_WRITE = "TO WRITE"  # what a template puts where only the author knows


@dataclass(frozen=True)
class Missing:
    """One thing that a notebook lacks: the rule in words, and what to do."""

    rule: str
    what: str


def missing_in(runbook: Runbook) -> tuple[Missing, ...]:
    """Everything that a notebook lacks; empty when it keeps every rule. Raises NotebookUnknown on a damaged file."""
    return tuple(Missing(asks(rule), what) for rule in RULES for what in rule(runbook))


def asks(rule: Rule) -> str:
    """What a rule asks for, in words."""
    return " ".join((rule.__doc__ or "").split())


def left_to_write(runbook: Runbook) -> tuple[str, ...]:
    """Lines that say TO WRITE, each with its place: of the notebook, its page, its plan, and what leads to it."""
    root = runbook.path.absolute().parents[1]
    texts = {f"cell {index}": cell["source"] for index, cell in enumerate(runbook.cells)}
    for path in (*root.glob("README.md"), *sorted(root.glob("docs/runbooks/*.md"))):
        texts[str(path.relative_to(root))] = _about(runbook, path.read_text(encoding="utf-8"))
    # the plan lies in one family; which one follows from where it is found
    for path in root.glob(f"runbook_lib/*/plans/{runbook.word}.py"):
        texts[str(path.relative_to(root))] = path.read_text(encoding="utf-8")
    return tuple(f"{where}: {line.strip()}" for where, text in texts.items()
                 for line in text.splitlines() if TO_WRITE in line)


def _about(runbook: Runbook, page: str) -> str:
    """What a page tells about a notebook: the lines that link it, and the section with its title."""
    linking = [line for line in page.splitlines() if runbook.path.name in line]
    section = page.partition(f"\n## {runbook.title}\n")[2].partition("\n## ")[0]
    return "\n".join([*linking, section])
