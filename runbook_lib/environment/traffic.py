"""What of the requests through the proxy is the application's API, and what is read where users send too little."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from runbook_lib.environment.requests import HostPath, placeholders_in
from runbook_lib.environment.types import StrictModel


class Traffic(StrictModel):
    """`api` is what the paths of the API begin with; health endpoints do not count. `slow_by_intent` are pieces of
    paths whose response times do not count, such as a log-in's.

    `reads` are paths that need no log-in and read the database; `${number}` is another one each time, so that no cache
    has the reply. Without any, the health endpoints that users may ask are read.
    """

    api: HostPath = "/api/"
    slow_by_intent: tuple[HostPath, ...] = ()
    reads: Annotated[tuple[HostPath, ...], Field(max_length=20)] = ()

    @model_validator(mode="after")
    def _knows_its_placeholders(self) -> Traffic:
        odd = [name for name in placeholders_in(self.reads) if name != "number"]
        if odd:
            raise ValueError(f"reads: ${{{odd[0]}}} is not known here; there is ${{number}} alone")
        return self
