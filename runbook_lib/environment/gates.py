"""What a new release must pass before it is live, and right after: probes, and the page that a user sees."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from runbook_lib.environment.types import Interval, Seconds, StrictModel, Text, UrlPath


class Page(StrictModel):
    """What a user must see at `path`: all `texts` within `timeout_s`, and still after `settle_s` more.

    `without_browser`: the verdict of the check on a machine that has no browser.
    """

    path: UrlPath
    texts: Annotated[tuple[Text, ...], Field(min_length=1)]
    timeout_s: Seconds = 15.0
    settle_s: Seconds = 2.0
    without_browser: Literal["inconclusive", "warning"] = "inconclusive"


class Gate(StrictModel):
    """How many clean probes in a row a new release needs, and by when; `page` is what a browser must see then."""

    success_threshold: Annotated[int, Field(ge=1, le=1_000)] = 3
    interval_s: Interval = 5.0
    deadline_s: Seconds = 180.0
    page: Page | None = None

    @model_validator(mode="after")
    def _can_be_met(self) -> Gate:
        if self.success_threshold * self.interval_s > self.deadline_s:
            raise ValueError(f"{self.success_threshold} probes every {self.interval_s:g} s do not fit into "
                             f"{self.deadline_s:g} s")
        return self
