"""What the containers of a release logged while it was watched: a worker that fails every job is healthy."""

from __future__ import annotations

from collections import Counter

from runbook_lib.core.findings import Finding, Verdict, finding
from runbook_lib.core.gates import Gate
from runbook_lib.core.text import head_of, pluralize
from runbook_lib.platform.facts.container_logs import severe_since
from runbook_lib.platform.facts.log_lines import LogLine
from runbook_lib.platform.plans.rollout import Rollout

LOGGED = "errors in the log of the release"
MARGIN_S = 60.0  # from the start of the new containers to the watch, and between two clocks
LONGEST = 300
ADVICE = ("A warning, because an application may log errors that users do not notice: read them, on the server with "
          "`docker logs`, and decide. If its jobs fail, 22 Rollback now; else 43 Review the logs.")


def errors_logged(rollout: Rollout) -> Gate:
    """Severe lines since the release came. A warning: they end no watch, and a pass would hide them."""
    question = severe_since(rollout.environment, rollout.services, rollout.watch_s + MARGIN_S)
    return Gate(LOGGED, (question,), judge_logged, success_threshold=1, interval_s=1.0, deadline_s=30.0,
                may_be_inconclusive=(question.name,))


def judge_logged(lines: tuple[LogLine, ...]) -> tuple[Finding, ...]:
    """How many there are of each service, and the last."""
    counts = Counter(one.source for one in lines)
    each = ", ".join(f"{name} {count}" for name, count in counts.most_common())
    last = f"({each}); the last: {head_of(lines[-1].message, LONGEST)}" if lines else ""
    return (finding(LOGGED, not lines, measured=f"{pluralize(len(lines), 'line')} {last}".rstrip(),
                    expected="none while it is watched", otherwise=Verdict.WARNING, next_step=ADVICE),)
