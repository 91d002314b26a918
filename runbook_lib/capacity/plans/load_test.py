"""The load test as a plan: one step, which ends alone; an abort ends it, and removes what its flows made."""

from __future__ import annotations

from runbook_lib.capacity.facts.load_test import LoadProgress, LoadTestRun
from runbook_lib.core.alerts import ExpectedAlert
from runbook_lib.core.findings import Finding, Verdict, finding
from runbook_lib.core.gates import Gate
from runbook_lib.core.plan import Plan, Step
from runbook_lib.environment import Environment

POLL_S = 2.0
# the generator's start, the last replies, and the removal of what is left, with a margin for a busy server
REST_S, END_S = 240.0, 300.0
NAMES = "synthetic-load-"  # the generator calls all its accounts so
NO_TARGET = "this environment does not name itself as the target of a load test"


def plan_load_test(test: LoadTestRun, environment: Environment) -> Plan:
    """Send the load; empty, with the reason, against an environment that does not name itself as the target."""
    if test.bounds is None:
        return Plan("load test", environment.name, reason=NO_TARGET)
    rates = " → ".join(f"{load:g}" for load in test.loads)
    step = Step(
        key="load",
        title=f"Send {rates} {test.unit} to {environment.public.url}, {test.stage_s:g} s each",
        why=f"{test.model} model; ends at the knee, or when {test.bounds.error_budget_percent:g} % fail",
        host="this machine",
        actions=(_sending(test),),
        undo=(_ending(test),),
        expected_alerts=tuple(ExpectedAlert(name) for name in test.bounds.expected_alerts),
    )
    return Plan("load test", environment.name, (step,), undo_on_failure=True,
                facts={"model": test.model, "loads": list(test.loads), "stage_s": test.stage_s, "flow": test.flow_mark,
                       "url": environment.public.url},
                achieves=f"The load was sent to {environment.public.url}, and what it does was measured",
                after_rollback_hint="Nothing is sent any more. Read the step's evidence, then run again.")


def _sending(test: LoadTestRun) -> Gate:
    """Open when the load has ended: the containers are sampled at each probe meanwhile."""

    def judge(progress: LoadProgress, samples: int) -> tuple[Finding, ...]:
        check = "the load was sent"
        if progress.lost:
            return (Finding(check, Verdict.FAILED, progress.lost, "to its end", "Run again at a lower load."),)
        return (finding(check, True if progress.ended else None, measured=str(progress), expected="to its end"),)

    return Gate("load", (test.send(), test.watch_use()), judge, success_threshold=1, interval_s=POLL_S,
                deadline_s=len(test.loads) * test.stage_s + REST_S, failure_threshold=1)


def _ending(test: LoadTestRun) -> Gate:
    def judge(progress: LoadProgress) -> tuple[Finding, ...]:
        left = test.left_count
        measured = ("it is not known whether accounts are left: the generator was ended before it could say"
                    if left is None else f"{left} accounts are left")
        return (Finding("nothing is sent", Verdict.PASSED, "the generator has ended"),
                finding("what the flows made is removed", left == 0, measured=measured, otherwise=Verdict.WARNING,
                        next_step=f"Delete the accounts whose names the evidence lists, or begin with {NAMES}."))

    return Gate("end of the load", (test.stop(),), judge, success_threshold=1, interval_s=POLL_S, deadline_s=END_S)
