"""The cells of a new notebook. It runs and keeps every rule as it is; what only its author knows says TO WRITE."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

TARGET = """## Target
The box below names the server in large type. If it is not the one you mean, stop: nothing has been contacted yet."""
PLAN = """## What will happen
Read each line before you go on. Nothing has been changed so far."""
CONFIRM = """## Confirm
`run.confirm("lab")`. Headless: `--confirm lab`. In plan mode nothing is asked."""
APPLY = """## Apply the plan
With `mode = "apply"` this cell does what the table above shows, and stops at the first step that fails."""
# the last row of what to do: the outcomes after which the server is as it was
NOTHING_DONE = "none, a refusal (3), or no connection before the first step (4)"
PARAMETERS = 'environment: str = "lab"  # a file in parameters/environments\n'
APPLY_PARAMETERS = '''mode: str = "plan"  # "plan" shows what would happen, "apply" does it
confirm: str = ""  # with mode "apply": the name of the environment, once more
plan_hash: str = ""  # apply only this plan, as approved; empty: the current plan
'''
REASON = 'reason: str = ""  # reason for this run; recorded in the report'
ASK = """server = run.ask(platform.survey_server(run.environment))
run.show(server.disks, title="Disks")"""
CHECK = """run.verify(release.checks.disk_and_memory({server}, run.environment), "Disk and memory")"""


@dataclass(frozen=True)
class Draft:
    """What an author gives for a new notebook. `plan` is the public name of its plan, empty for a read-only one.

    `room` is where the family offers the plan: empty for the family itself, `plans` where that is full.
    """

    name: str
    title: str
    when: str
    family: str
    plan: str = ""
    room: str = ""

    @property
    def call(self) -> str:
        """The plan as the notebook calls it: `maintenance.plan_clean_up`."""
        return ".".join(part for part in (self.family, self.room, self.plan) if part)

    @property
    def number(self) -> str:
        """The two digits: `41` of 49_disk_usage."""
        return self.name.partition("_")[0]

    @property
    def word(self) -> str:
        """The name without its number: `disk_usage` of 49_disk_usage."""
        return self.name.partition("_")[2]


def notebook_text(draft: Draft) -> str:
    """The file of the new notebook, as JupyterLab would write it."""
    cells = [_cell(draft.name, number, kind, source) for number, (kind, source) in enumerate(_cells(draft))]
    cells[1]["metadata"]["tags"] = ["parameters"]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    # what the template's own cells need; its author adds what theirs do
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}, "runbook": {"needs": ["ssh"]}}
    document = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def _cell(name: str, number: int, kind: str, source: str) -> dict[str, Any]:
    # the same cell, the same id: making a notebook twice differs in nothing
    identity = hashlib.sha256(f"{name} {number}".encode()).hexdigest()[:8]
    code: dict[str, Any] = {"execution_count": None, "outputs": []} if kind == "code" else {}
    return {"cell_type": kind, "id": identity, "metadata": {}, "source": source.splitlines(keepends=True), **code}


def _cells(draft: Draft) -> Iterable[tuple[str, str]]:
    families = ", ".join(sorted({"platform", "release", *([draft.family] if draft.plan else [])}))
    yield "markdown", _card(draft)
    yield "code", PARAMETERS + (APPLY_PARAMETERS if draft.plan else "") + REASON
    yield "markdown", TARGET
    yield "code", f'from runbook_lib import open_run, {families}\n\nrun = open_run("{draft.name}", globals())'
    yield "markdown", "## What is true now\nTO WRITE: what the table shows, and what normal looks like."
    yield "code", ASK
    if draft.plan:
        yield from _apply_cells(draft)
    else:
        yield "markdown", "## Is it as it should be?\nTO WRITE: which limits hold, and where they come from."
        yield "code", CHECK.format(server="server")
    yield "markdown", "## Verdict\nTO WRITE: what the verdict says about the environment, and what it cannot say."
    yield "code", "run.close()"
    yield from (("markdown", ending) for ending in _endings(draft))


def _apply_cells(draft: Draft) -> Iterable[tuple[str, str]]:
    yield "markdown", "## Is this safe to start?\nTO WRITE: what must hold before anything is changed, and why."
    yield "code", "run.require(release.checks.disk_and_memory(server, run.environment))"
    yield "markdown", PLAN
    yield "code", f"plan = run.plan({draft.call}(server, run.environment))\nplan"
    yield "markdown", CONFIRM
    yield "code", "run.confirm(run.parameters.confirm)"
    yield "markdown", APPLY
    yield "code", "run.execute(plan)"
    yield "markdown", "## Did it work?\nTO WRITE: what is asked again, and which limits it has to meet."
    yield "code", f"after = run.ask(platform.survey_server(run.environment))\n{CHECK.format(server='after')}"


def _card(draft: Draft) -> str:
    changes = "TO WRITE: every file, service or table that may differ afterwards" if draft.plan else "nothing"
    touches = "TO WRITE: what an operator might fear for" if draft.plan else "anything: it only reads"
    undo = "TO WRITE: each step's undo, and what cannot be undone" if draft.plan else "nothing to undo"
    return f"""# {draft.title}
TO WRITE: what it does, in one sentence.

**About a minute. No outage.**

| | |
|---|---|
| **Use it when** | {draft.when} |
| **It changes** | {changes} |
| **It never touches** | {touches} |
| **To undo** | {undo} |
| **If you want something else** | this is the wrong notebook: open [00 Start here](00_start_here.ipynb) |"""


def _endings(draft: Draft) -> Iterable[str]:
    start = "[00 Start here](00_start_here.ipynb)"
    if draft.plan:
        # three cells, the worst first: who has to call for help finds whom at once
        yield f"""## Rollback failed (exit code 6)
**Call the on-call engineer now: the first contact in {start}.** TO WRITE: what is true now, and what to do first."""
        yield f"""## Failed, or rolled back (exit codes 1, 3, 4, 5)

| last step that passed | what is true now | what to do |
|---|---|---|
| *unknown* (4) in a step | the step may have finished on the server | TO WRITE: what running again does |
| TO WRITE | TO WRITE | TO WRITE |
| {NOTHING_DONE} | nothing was changed | do what the message says, then run again |"""
        yield """## Passed

| verdict | what to do |
|---|---|
| passed | TO WRITE: what comes next, and whom to inform |"""
        return
    yield f"""## What next

| verdict | what to do |
|---|---|
| failed | TO WRITE: which notebook helps |
| inconclusive | something did not answer: {start} shows what |
| warning | read the line; it can wait until morning |
| passed | nothing |"""
