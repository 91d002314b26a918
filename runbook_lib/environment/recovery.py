"""How a restore is rehearsed: limits of the disposable copy, and what the application must still be able to read."""

from __future__ import annotations

import posixpath
from typing import Annotated, Any

from pydantic import Field, model_validator

from runbook_lib.environment.types import Hours, Seconds, StrictModel, Text, UrlPath


class RestoreDrill(StrictModel):
    """One drill may take `limit_s` for a backup and `memory_mb` for the copy of the database.

    A backup should have been restored within the last `maximum_age_h`. `reads` are GET paths of the application; the
    table named with one holds as many rows as the reply's `total`. Where the application is asked nothing,
    `no_reads_reason` may say why.
    """

    limit_s: Seconds = 1_800.0
    memory_mb: Annotated[int, Field(ge=256, le=100_000_000)] = 1_024
    maximum_age_h: Hours = 168
    reads: dict[UrlPath, Text | None] = Field(default_factory=dict)
    no_reads_reason: Text | None = None

    @property
    def unread_reason(self) -> str:
        """Why the application is asked nothing; empty where it is."""
        return "" if self.reads else self.no_reads_reason or "restore_drill.reads names no path of the application"

    @model_validator(mode="after")
    def _reads_or_a_reason(self) -> RestoreDrill:
        if self.reads and self.no_reads_reason:
            raise ValueError("reads and no_reads_reason: at most one of them; name the paths, or say why none")
        return self


# what `configuration_backup` calls them, and what they are called next to the dumps
FOLDERS = {"repository": "configuration.git", "files_directory": "files", "logs_directory": "logs"}


def with_folders(data: dict[str, Any]) -> dict[str, Any]:
    """An environment's raw data with the folders of `configuration_backup` that it does not name filled in.

    What is not of the right form stays as it is: the model names it.
    """
    backup, weekly = data.get("backup"), data.get("configuration_backup")
    directory = backup.get("directory") if isinstance(backup, dict) else None
    if not isinstance(weekly, dict) or not isinstance(directory, str):
        return data
    parent = posixpath.dirname(directory.rstrip("/"))
    usual = {key: posixpath.join(parent, name) for key, name in FOLDERS.items()}
    return {**data, "configuration_backup": usual | weekly}
