"""`runbook doctor`: for each notebook, whether it can run in an environment, and what it lacks if not."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from runbook_lib.connections import open_connections
from runbook_lib.connections.local import load_secrets
from runbook_lib.contract.catalogue import Runbook, find_runbook, runbooks
from runbook_lib.contract.requirements import REQUIREMENTS, Answer, Needs, needs_of
from runbook_lib.core import errors
from runbook_lib.core.text import aligned
from runbook_lib.environment import Environment

NOT_ASKED = Answer(None, "not asked: --offline")
WIDEST = 100  # columns: half a screen, and an e-mail
WORDS = {"yes": "can run", "no": "cannot, because something is broken", "not known": "not known",
         "not here": "not for this environment", "not yet": "not before the first deployment"}
IN_PART = {"probes"}
LATER = {"recorded"}  # what the first deployment gives


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
    def broken(self) -> tuple[str, ...]:
        """What it lacks though the file does not say that there is none, and that no first deployment brings."""
        return tuple(name for name in self.lacking if not self.answers[name].declared and name not in LATER)

    @property
    def verdict(self) -> str:
        """`yes`, `no`: something is broken, `not here`: the environment has no such thing, `not yet`, `not known`."""
        if self.lacking:
            return "no" if self.broken else "not yet" if set(self.lacking) <= LATER else "not here"
        return "not known" if self.unknown else "yes"


def examine(environment: Environment, *, offline: bool, notebook: str = "") -> tuple[Diagnosis, ...]:
    """Every notebook of the project in this environment, or the one that `notebook` names.

    `offline` asks neither the server nor this machine. Raises NotebookUnknown.
    """
    # a slip in the name is said before anything is contacted
    wanted = [find_runbook(notebook)] if notebook else runbooks()
    answers = {name: replace(answer, declared=True) for name, one in REQUIREMENTS.items()
               if (answer := one.judge(environment)) is not None}
    if not offline:
        # imported here: offline needs neither SSH nor HTTP
        from runbook_lib.adopting.server_answers import ask_server

        secrets = load_secrets(environment)
        with open_connections(environment, secrets, changes_allowed=False) as connections:
            # what the file says already is not asked again, but for what it says of some services alone
            asked = ask_server(environment, connections, secrets)
            answers = asked | {name: one for name, one in answers.items() if name not in IN_PART}
    return diagnose(wanted, answers)


def diagnose(notebooks: Sequence[Runbook], answers: Mapping[str, Answer]) -> tuple[Diagnosis, ...]:
    """What each notebook has of what it declares. Raises BadParameter where one declares nothing."""
    found = []
    for runbook in notebooks:
        needs = needs_of(runbook)
        found.append(Diagnosis(runbook.name, runbook.title, needs,
                               {name: answers.get(name, NOT_ASKED) for name in needs.all}))
    return tuple(found)


def exit_code(found: Sequence[Diagnosis], *, offline: bool) -> int:
    """1 where something is broken, 4 where something could not be asked, 0 where all that can be done here can be."""
    if any(one.broken for one in found):
        return errors.FAILED
    return errors.INCONCLUSIVE if not offline and any(one.verdict == "not known" for one in found) else errors.PASSED


def table(found: Sequence[Diagnosis]) -> list[str]:
    """A line a notebook, none wider than WIDEST; then each requirement that is not met, whom it concerns, and the
    smallest change that would meet it.
    """
    lines = [line if len(line) <= WIDEST else f"{line[:WIDEST - 2].rstrip(', ')} …"
             for line in aligned([("notebook", "can it run?", "why"), *(
                 (one.notebook, one.verdict, _why(one)) for one in found)])]
    answers = {name: answer for one in found for name, answer in one.answers.items()}
    for name in REQUIREMENTS:
        answer = answers.get(name)
        if answer is not None and answer.met is not True and answer is not NOT_ASKED:
            lines += ["", *_wrapped(f"{name}: {REQUIREMENTS[name].title}", ""),
                      *_wrapped(f"now: {answer.measured or 'not known'}"),
                      *(_wrapped(f"change: {answer.change}") if answer.change else []),
                      *_wrapped("; ".join(filter(None, (_those("needed by", found, name, "needs"),
                                                        _those("shows more in", found, name, "uses")))))]
    return [*lines, "", _counted(found)]


def _why(one: Diagnosis) -> str:
    missing = one.broken or one.lacking
    words = f"lacks {', '.join(missing)}" if missing else ", ".join(one.unknown)
    return words or (f"shows more with {', '.join(one.missed)}" if one.missed else "")


def _those(words: str, found: Sequence[Diagnosis], name: str, part: str) -> str:
    numbers = ", ".join(one.notebook.partition("_")[0] for one in found if name in getattr(one.needs, part))
    return f"{words} {numbers}" if numbers else ""


def _wrapped(text: str, indent: str = "    ") -> list[str]:
    return textwrap.wrap(" ".join(text.split()), WIDEST, initial_indent=indent, subsequent_indent=f"{indent}    ",
                         break_long_words=False, break_on_hyphens=False)


def _counted(found: Sequence[Diagnosis]) -> str:
    numbers = {verdict: sum(one.verdict == verdict for one in found) for verdict in WORDS}
    return ", ".join(f"{number} {WORDS[verdict]}" for verdict, number in numbers.items() if number) + "."


def as_record(found: Sequence[Diagnosis]) -> list[dict[str, Any]]:
    """The same for machines: a mapping a notebook."""
    return [{"notebook": one.notebook, "title": one.title, "verdict": one.verdict, "requirements": [
        {"name": name, "title": REQUIREMENTS[name].title, "needed": name in one.needs.needs, "met": answer.met,
         "declared": answer.declared, "measured": answer.measured, "change": "" if answer.met else answer.change}
        for name, answer in one.answers.items()]} for one in found]
