"""Which alerts the steps of releases and restores are expected to cause: what is silenced while they last."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from runbook_lib.core.alerts import ExpectedAlert
from runbook_lib.core.plan import Step
from runbook_lib.environment import Environment
from runbook_lib.platform.plans.step_keys import StepKey

# the rules in staging/prometheus/rules that report a job of Prometheus which does not answer
UNHEALTHY, BLIND = "ServiceUnhealthy", "TargetDown"
START_WRITERS = "start-writers"  # the restore's own step
DISTURBED = ("ErrorRateHigh", "ApiResponseTimeHigh")


def while_away(service: str) -> tuple[ExpectedAlert, ...]:
    """A service that is restarted or stopped is reported as that, by the name of its job, and as nothing else."""
    return tuple(ExpectedAlert(name, (("job", service),)) for name in (UNHEALTHY, BLIND))


def while_data_are_away(service: str) -> tuple[ExpectedAlert, ...]:
    """The same of a service that requests need: they fail, or wait, until it is back."""
    return (*while_away(service), *(ExpectedAlert(name) for name in DISTURBED))


def in_maintenance(environment: Environment, steps: Iterable[Step]) -> tuple[Step, ...]:
    """The same steps, with the alerts that are expected until the backend is started again.

    No error rate is among them: while in maintenance nginx itself answers, and the backend counts no request.
    """
    found, away = [], True
    for step in steps:
        found.append(replace(step, expected_alerts=while_away(environment.release.api)) if away else step)
        away = away and step.key not in (StepKey.START, START_WRITERS)
    return tuple(found)
