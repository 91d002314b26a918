"""What 60 Load test may send, and where: an environment that names itself as the target, and a user's flow as data."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, StringConstraints, model_validator

from runbook_lib.environment.types import Hours, Line, Name, StrictModel, Text, UrlPath

if TYPE_CHECKING:
    from runbook_lib.environment.model import Environment

# more users a second than one generator sends honestly, or than a staging server is built for, are a slip of the hand
Rate = Annotated[float, Field(gt=0, le=1_000, allow_inf_nan=False)]
Users = Annotated[int, Field(ge=1, le=1_000)]
StageSeconds = Annotated[float, Field(ge=2, le=600, allow_inf_nan=False)]
Stages = Annotated[int, Field(ge=1, le=20)]
Variable = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,30}$")]
HeaderName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9-]{0,60}$")]
AlertName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,80}$")]
# what every visit has: a name and a password that no other visit has, and its number
GIVEN = ("word", "password", "number")
PLACEHOLDER = re.compile(r"\$\{([^}]*)\}")


class FlowStep(StrictModel):
    """One request of a user's flow; any reply but one with `status` is an error and ends the flow.

    `${word}`, `${password}` and `${number}` are this visit's own; further placeholders are what an earlier step kept.
    `keep` maps such a name to a field of the reply's JSON object. `times` repeats the request. A step with `always`
    removes what the flow made: it is done after an error as well, and after the load was stopped.
    """

    name: Line
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = "GET"
    path: UrlPath
    status: Annotated[int, Field(ge=200, le=599)] = 200
    json_body: dict[Text, Any] | None = None
    headers: dict[HeaderName, Line] = Field(default_factory=dict)
    keep: dict[Variable, Text] = Field(default_factory=dict)
    times: Annotated[int, Field(ge=1, le=100)] = 1
    always: bool = False

    @property
    def placeholders(self) -> tuple[str, ...]:
        """The names that path, body and headers need, in order, each once."""
        texts = (self.path, *self.headers.values(), *_texts(self.json_body))
        return tuple(dict.fromkeys(name for text in texts for name in PLACEHOLDER.findall(text)))


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
        names = [step.name for step in self.flow]
        faults += [f"flow.{place}.name: {name!r} is the name of an earlier step too"
                   for place, name in enumerate(names) if name in names[:place]]
        known = set(GIVEN)
        for place, step in enumerate(self.flow):
            faults += [f"flow.{place}: ${{{name}}} is kept by no earlier step, and is none of "
                       f"{', '.join(GIVEN)}" for name in step.placeholders if name not in known]
            faults += [f"flow.{place}.keep.{name}: is given to every visit, choose another name"
                       for name in step.keep if name in GIVEN]
            known |= set(step.keep)
        if faults:
            raise ValueError("\n".join(faults))
        return self

    @property
    def requests_per_flow(self) -> int:
        """Requests of one flow without an error."""
        return sum(step.times for step in self.flow)


def target_of(environment: Environment) -> LoadTest | None:
    """The bounds of a load on this environment; None where it does not name itself as a target.

    An environment that extends another inherits its `load_test`, and is not its target: it has to name itself.
    """
    found = environment.load_test
    return found if found is not None and found.target == environment.name else None


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for one in inner for text in _texts(one)]
