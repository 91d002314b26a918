"""The one sentence that 00 opens with: are users answered, what else is wrong, and where to begin. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from runbook_lib.core.findings import Finding, Verdict
from runbook_lib.core.text import head_of, pluralize
from runbook_lib.environment import Environment
from runbook_lib.platform.facts.availability import Unanswered
from runbook_lib.platform.facts.operations import Operation

_USERS = {Verdict.FAILED: "Users of {} are affected",
          Verdict.INCONCLUSIVE: "It is not known whether users of {} are answered"}


def first_answer(environment: Environment, users: Sequence[Finding], others: Sequence[Finding],
                 operation: Operation | Unanswered | None = None) -> str:
    """The one sentence that the report opens with: `users` is what they get, `others` everything else.

    While an `operation` changes services, that is the answer, unless something failed or is not known.
    """
    users_worst, everything = Verdict.worst(one.verdict for one in users), (*users, *others)
    worst = Verdict.worst(one.verdict for one in everything)
    settled = worst not in (Verdict.FAILED, Verdict.INCONCLUSIVE)
    if settled and isinstance(operation, Operation) and operation.changes_services:
        return f"{environment.title} is being changed: {operation.words}. Wait until it has ended, then ask again."
    if users_worst in _USERS:
        one = next(one for one in users if one.verdict is users_worst)
        return f"{_USERS[users_worst].format(environment.title_within)}: {_named(one)}. Open 40 Health first."
    begin = f"Users of {environment.title_within} are answered"
    if users_worst is Verdict.NOT_APPLICABLE:
        begin = f"Nothing of {environment.title_within} is deployed yet"
    alike = [one for one in everything if one.verdict is worst]
    first = ", the first" * (len(alike) > 1)
    if worst is Verdict.FAILED:
        words = f"{begin}, but {pluralize(len(alike), 'check')} failed{first}: {_named(alike[0])}."
        return f"{words} {alike[0].next_step}".rstrip()
    if worst is Verdict.INCONCLUSIVE:
        verb = "is" if len(alike) == 1 else "are"
        return f"{begin}, but {pluralize(len(alike), 'check')} {verb} inconclusive{first}: {_named(alike[0])}."
    if worst is Verdict.WARNING:
        return f"{begin}, with {pluralize(len(alike), 'warning')}{first}: {_named(alike[0])}."
    return f"{begin}, and nothing is wrong or overdue."


def _named(one: Finding) -> str:
    measured = head_of(one.measured, 140)
    return f"{one.check}: {measured}" if "(" in measured else f"{one.check} ({measured})"  # none inside another
