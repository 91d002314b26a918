"""`runbook doctor`: for each notebook, whether it can run in an environment, and what it lacks if not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from runbook_lib.connections import open_connections
from runbook_lib.connections.local import load_secrets
from runbook_lib.contract.catalogue import Runbook, runbooks
from runbook_lib.contract.requirements import REQUIREMENTS, Answer, Needs, needs_of
from runbook_lib.core import errors
from runbook_lib.core.text import aligned
from runbook_lib.environment import Environment

NOT_ASKED = Answer(None, "not asked: --offline")


@dataclass(frozen=True)
class Diagnosis:
    """One notebook. `answers` has each requirement that it declares."""

    notebook: str
    title: str
    needs: Needs
    answers: Mapping[str, Answer]

    @property
    def lacking(self) -> tuple[str, ...]:
        """What it cannot run without, and does not have."""
        return tuple(name for name in self.needs.needs if self.answers[name].met is False)

    @property
    def unknown(self) -> tuple[str, ...]:
        """What it cannot run without, and of which it is not known whether it is there."""
        return tuple(name for name in self.needs.needs if self.answers[name].met is None)

    @property
    def missed(self) -> tuple[str, ...]:
        """What it would show more with, and was not found."""
        return tuple(name for name in self.needs.uses
                     if self.answers[name].met is not True and self.answers[name] is not NOT_ASKED)

    @property
    def verdict(self) -> str:
        """`yes`, `no`, or `not known`."""
        return "no" if self.lacking else "not known" if self.unknown else "yes"


def examine(environment: Environment, *, offline: bool) -> tuple[Diagnosis, ...]:
    """Every notebook of the project in this environment; `offline` asks neither the server nor this machine."""
    answers = {name: answer for name, one in REQUIREMENTS.items() if (answer := one.judge(environment)) is not None}
    if not offline:
        # imported here: offline needs neither SSH nor HTTP
        from runbook_lib.adopting.server_answers import ask_server

        secrets = load_secrets(environment)
        with open_connections(environment, secrets, changes_allowed=False) as connections:
            # what the file says already is not asked again
            answers = ask_server(environment, connections, secrets) | answers
    return diagnose(runbooks(), answers)


def diagnose(notebooks: Sequence[Runbook], answers: Mapping[str, Answer]) -> tuple[Diagnosis, ...]:
    """What each notebook has of what it declares. Raises BadParameter where one declares nothing."""
    found = []
    for runbook in notebooks:
        needs = needs_of(runbook)
        found.append(Diagnosis(runbook.name, runbook.title, needs,
                               {name: answers.get(name, NOT_ASKED) for name in needs.all}))
    return tuple(found)


def exit_code(found: Sequence[Diagnosis], *, offline: bool) -> int:
    """1 where a notebook cannot run, 4 where something could not be asked, 0 otherwise."""
    if any(one.lacking for one in found):
        return errors.FAILED
    return errors.INCONCLUSIVE if not offline and any(one.unknown for one in found) else errors.PASSED


def table(found: Sequence[Diagnosis]) -> list[str]:
    """The notebooks, then each requirement that is not met with the smallest change that would meet it."""
    rows = [("notebook", "can it run?", "lacks", "not known", "shows more with")]
    rows += [(one.notebook, one.verdict, ", ".join(one.lacking), ", ".join(one.unknown), ", ".join(one.missed))
             for one in found]
    lines = aligned(rows)
    answers = {name: answer for one in found for name, answer in one.answers.items()}
    for name in REQUIREMENTS:
        answer = answers.get(name)
        if answer is not None and answer.met is not True and answer is not NOT_ASKED:
            lines += ["", f"{name}: {REQUIREMENTS[name].title}", f"    now: {answer.measured or 'not known'}",
                      *([f"    change: {answer.change}"] if answer.change else [])]
    return [" ".join(line.split("\n")) for line in lines]


def as_record(found: Sequence[Diagnosis]) -> list[dict[str, Any]]:
    """The same for machines: a mapping a notebook."""
    return [{"notebook": one.notebook, "title": one.title, "verdict": one.verdict, "requirements": [
        {"name": name, "title": REQUIREMENTS[name].title, "needed": name in one.needs.needs, "met": answer.met,
         "measured": answer.measured, "change": "" if answer.met else answer.change}
        for name, answer in one.answers.items()]} for one in found]
