"""Is an alert kept from everyone by a silence that a run, killed meanwhile, has left? Pure."""

from __future__ import annotations

from collections.abc import Sequence

from runbook_lib.core.findings import Finding, Verdict, finding, not_applicable
from runbook_lib.core.silence_marks import mark_of, run_of
from runbook_lib.core.text import head_of
from runbook_lib.environment import Environment
from runbook_lib.observability.facts.alert_delivery import Silence
from runbook_lib.platform.facts.availability import Unanswered
from runbook_lib.platform.facts.operations import Operation

CHECK, EXPECTED = "silences", "none of a run that has ended"
NO_ALERTS = "nothing sends alerts here"
MOST_NAMED = 3


def silences_are_meant(environment: Environment, silences: tuple[Silence, ...] | Unanswered,
                       operation: Operation | Unanswered | None) -> Finding:
    """No silence of a run that holds the lock no longer; all that are in force are named, whoever made them."""
    if not environment.alerts_service:
        return not_applicable(CHECK, NO_ALERTS)
    if isinstance(silences, Unanswered):
        return Finding(CHECK, Verdict.INCONCLUSIVE, silences.reason, EXPECTED, silences.next_step)
    known = None if isinstance(operation, Unanswered) or operation is None else operation.run_id
    left = [one for one in silences if one.by == mark_of(environment.name) and run_of(one.comment) != known]
    if not left:
        return finding(CHECK, True, measured=_words(silences), expected=EXPECTED)
    # without the lock's record it is not known whether their run is in progress
    return finding(CHECK, None if isinstance(operation, Unanswered) else False, measured=_words(left),
                   expected=EXPECTED, next_step=_end(environment, left), otherwise=Verdict.WARNING)


def _words(silences: Sequence[Silence]) -> str:
    named = [head_of(f"{one.matchers} until {one.ends:%Y-%m-%d %H:%M} UTC by {one.by}: {one.comment}", 200)
             for one in silences[:MOST_NAMED]]
    more = f"; and {len(silences) - MOST_NAMED} more" if len(silences) > MOST_NAMED else ""
    return f"{'; '.join(named)}{more}" if named else "none"


def _end(environment: Environment, left: Sequence[Silence]) -> str:
    service = environment.services.get(environment.alerts_service)
    port = (service.loopback_port if service else None) or 9093
    command = f"for s in {' '.join(one.id for one in left)}; do curl -X DELETE " \
              f"http://127.0.0.1:{port}/api/v2/silence/$s; done"
    which, who = ("it", "it silences") if len(left) == 1 else ("them", "they silence")
    return (f"Until then no one is informed of what {who}. The next run that applies anything ends {which}; now, on "
            f"the server: `{command}`")
