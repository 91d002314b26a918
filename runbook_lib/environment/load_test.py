"""What 60 Load test may send, and where: an environment that names itself as the target, and a user's flow as data."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints, model_validator

from runbook_lib.environment.requests import RequestStep, step_faults
from runbook_lib.environment.types import Hours, Name, StrictModel, Text

# more users a second than one generator sends honestly, or than a staging server is built for, are a slip of the hand
Rate = Annotated[float, Field(gt=0, le=1_000, allow_inf_nan=False)]
Users = Annotated[int, Field(ge=1, le=1_000)]
StageSeconds = Annotated[float, Field(ge=2, le=600, allow_inf_nan=False)]
Stages = Annotated[int, Field(ge=1, le=20)]
AlertName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,80}$")]


class FlowStep(RequestStep):
    """One request of a visit. `times` repeats it."""

    times: Annotated[int, Field(ge=1, le=100)] = 1


class LoadTest(StrictModel):
    """Bounds of a load test. Without this key, or with another environment's name as `target`, none is ever sent.

    `rate_per_s` users begin their flow each second in the open model, `users` repeat it in the closed one: at this
    load the criteria of `success` are judged. From there the load grows in `stages` of `stage_s` to `limit_per_s` or
    `limit_users`, and ends before at the knee. Of the last 10 s, or of the last
    `minimum_requests` where these took longer, `error_budget_percent` of the requests may fail: beyond it the load ends
    at once. `expected_alerts` are silenced while it lasts.
    `leaves` is what stays of each flow, in words. A load test older than `maximum_age_h` is overdue.
    """

    target: Name
    rate_per_s: Rate
    limit_per_s: Rate
    users: Users
    limit_users: Users
    stages: Stages = 4
    stage_s: StageSeconds = 30.0
    error_budget_percent: Annotated[float, Field(gt=0, le=100, allow_inf_nan=False)] = 5.0
    minimum_requests: Annotated[int, Field(ge=1, le=100_000)] = 50
    timeout_s: Annotated[float, Field(ge=0.1, le=60, allow_inf_nan=False)] = 10.0
    maximum_age_h: Hours = 840
    expected_alerts: tuple[AlertName, ...] = ()
    flow: Annotated[tuple[FlowStep, ...], Field(min_length=1, max_length=40)]
    leaves: Text = "nothing"

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> LoadTest:
        faults = [f"{low}: should not be more than {high}"
                  for low, high in (("rate_per_s", "limit_per_s"), ("users", "limit_users"))
                  if getattr(self, low) > getattr(self, high)]
        faults += step_faults(self.flow, "flow")
        if faults:
            raise ValueError("\n".join(faults))
        return self

    @property
    def requests_per_flow(self) -> int:
        """Requests of one flow without an error."""
        return sum(step.times for step in self.flow)
