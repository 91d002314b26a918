"""The smoke test as data: what a synthetic user does, and what must live on when a release is switched."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, model_validator

from runbook_lib.environment.requests import RequestStep, placeholders_in, step_faults
from runbook_lib.environment.types import ComposeName, Line, StrictModel, Text

NOTHING = "nothing"


class SmokeStep(RequestStep):
    """One thing that a user can do, called by its `name`: "a user can NAME".

    `shows` are fields of the reply's JSON object with the values that they must have. `read` marks what is fast in a
    healthy application: the quickest of them is compared with the limit of slow replies. `writes` marks what stores a
    row in the database: a release after whose smoke test none has come there uses another one, and is rolled back.
    """

    shows: dict[Line, Any] = Field(default_factory=dict)
    read: bool = False
    writes: bool = False

    @property
    def placeholders(self) -> tuple[str, ...]:
        """Those of the request, and of what its reply must show."""
        return placeholders_in(self.path, *self.headers.values(), self.json_body, self.form, self.shows)


class UserSession(StrictModel):
    """What a user does who was logged in before a release was switched.

    `open` are names of the smoke test's steps, done on the release before; `use` is done on the next one, and after a
    rollback. What it keeps under a name of `open` takes that one's place, as a token that counts only once must.
    """

    open: Annotated[tuple[Line, ...], Field(min_length=1)]
    use: Annotated[tuple[SmokeStep, ...], Field(min_length=1, max_length=20)]


class Smoke(StrictModel):
    """The steps of one synthetic user, in order; those with `always` tidy up at the end, also after a failure.

    `service` answers them, and is asked directly before users reach a release. `leaves` is what stays of each run, in
    words. Without `session` no user is logged in across a switch.
    """

    service: ComposeName
    steps: Annotated[tuple[SmokeStep, ...], Field(min_length=1, max_length=40)]
    session: UserSession | None = None
    leaves: Text = NOTHING

    @property
    def opening(self) -> tuple[SmokeStep, ...]:
        """The steps that a session begins with."""
        names = self.session.open if self.session else ()
        return tuple(step for step in self.steps if step.name in names)

    @property
    def writes(self) -> bool:
        """Whether a step says that it stores a row."""
        return any(step.writes for step in self.steps)

    @property
    def only_reads(self) -> bool:
        """Whether no step but those that tidy up sends anything: what these close, such as a session, a GET opened."""
        return all(step.method == "GET" for step in self.steps if not step.always)

    @property
    def tidying(self) -> tuple[SmokeStep, ...]:
        """The steps that remove what the others made."""
        return tuple(step for step in self.steps if step.always)

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Smoke:
        faults = step_faults(self.steps, "steps")
        if self.leaves == NOTHING and not self.tidying and any(step.method != "GET" for step in self.steps):
            faults.append("leaves: no step tidies up (always: true); say in words what stays of each run")
        if self.session:
            known = [step.name for step in self.steps if not step.always]
            faults += [f"session.open: there is no step {name!r}" for name in self.session.open if name not in known]
            faults += step_faults(self.opening, "session.open")
            kept = {name for step in self.opening for name in step.keep}
            faults += step_faults(self.session.use, "session.use", kept)
        if faults:
            raise ValueError("\n".join(faults))
        return self
