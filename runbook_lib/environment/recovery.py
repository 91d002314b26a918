"""How a restore is rehearsed: limits of the disposable copy, and what the application must still be able to read."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from runbook_lib.environment.types import Hours, Seconds, StrictModel, Text, UrlPath


class RestoreDrill(StrictModel):
    """One drill may take `limit_s` for a backup and `memory_mb` for the copy of the database.

    A backup should have been restored within the last `maximum_age_h`. `reads` are GET paths of the application; the
    table named with one holds as many rows as the reply's `total`. Where the application is asked nothing,
    `no_reads_reason` is why.
    """

    limit_s: Seconds
    memory_mb: Annotated[int, Field(ge=256, le=100_000_000)]
    maximum_age_h: Hours = 168
    reads: dict[UrlPath, Text | None] = Field(default_factory=dict)
    no_reads_reason: Text | None = None

    @model_validator(mode="after")
    def _reads_or_a_reason(self) -> RestoreDrill:
        if bool(self.reads) == bool(self.no_reads_reason):
            raise ValueError("reads and no_reads_reason: exactly one of them; name the paths, or say why none")
        return self
