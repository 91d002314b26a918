"""What is archived next to the database, and how a restore is rehearsed: the copy, and what is read of it."""

from __future__ import annotations

import posixpath
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from runbook_lib.environment.types import (
    AbsolutePath,
    ClockTime,
    ComposeName,
    Count,
    Days,
    Hours,
    Seconds,
    StrictModel,
    Text,
    UrlPath,
)


class StaticAssets(StrictModel):
    """Files that a service serves, or keeps: a folder inside its container."""

    service: ComposeName
    path: AbsolutePath


class ConfigurationBackup(StrictModel):
    """The weekly backup of configuration, files and logs. `data_volumes` has for each volume why it needs no copy here.

    `uploads` are folders on the server, or in a service's container where they are in a volume; where there are none,
    `no_uploads_reason` is why. Files with secrets (`.env`, each `env_file` and file of a secret) are in no backup;
    `secrets_kept` is where their copies are kept, for example *in the team's password manager*. Where no folders are
    named, `configuration.git`, `files` and `logs` lie next to `backup.directory`; without a database, in /backups/NAME.
    """

    # filled in while the file is loaded: only the whole of it says where dumps are
    repository: AbsolutePath = ""
    remote: Text | None = None
    weekly_on: Literal["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"] = "Sunday"
    weekly_at: ClockTime = "03:00"
    maximum_age_h: Hours = 192
    project_paths: tuple[Text, ...] = ()
    server_paths: tuple[AbsolutePath, ...] = ()
    files_directory: AbsolutePath = ""
    keep_files: Count = 8
    static_assets: StaticAssets | None = None
    uploads: tuple[AbsolutePath | StaticAssets, ...] = ()
    no_uploads_reason: Text | None = None
    data_volumes: dict[ComposeName, Text] = Field(default_factory=dict)
    secrets_kept: Text | None = None
    logs_directory: AbsolutePath = ""
    log_folders: tuple[AbsolutePath, ...] = ()
    keep_log_days: Days = 30

    @property
    def archived_folders(self) -> tuple[tuple[str, str | StaticAssets], ...]:
        """Each folder that is archived whole, and what its archives' names begin with."""
        assets = [("static-assets", self.static_assets)] if self.static_assets else []
        uploads = [(one, "") if isinstance(one, str) else (one.path, f"{one.service}-") for one in self.uploads]
        names = [service + path.strip("/").replace("/", "-") for path, service in uploads]
        return (*assets, *zip(names, self.uploads, strict=True))

    @model_validator(mode="after")
    def _names_of_archives_differ(self) -> ConfigurationBackup:
        names = [name for name, _ in self.archived_folders]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice:
            # each would count the other's archives as its own, and delete them
            raise ValueError(f"uploads: the archives of two folders would be called {twice}_…; name each folder once, "
                             "and rename one whose path differs in nothing but '/' and '-'")
        return self

    @model_validator(mode="after")
    def _uploads_or_a_reason(self) -> ConfigurationBackup:
        if bool(self.uploads) == bool(self.no_uploads_reason):
            raise ValueError("uploads and no_uploads_reason: exactly one of them; name the folders, or say why none")
        odd = [path for path in self.project_paths if path.startswith("/") or ".." in path.split("/")]
        if odd:
            raise ValueError(f"project_paths: should lie below the server's directory, got {odd[0]!r}")
        return self


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


def with_defaults(data: dict[str, Any]) -> dict[str, Any]:
    """An environment's raw data with what follows from other keys: folders, and without a database no migrations.

    What is not of the right form stays as it is: the model names it.
    """
    data, without = with_folders(data), data.get("without")
    if not isinstance(without, dict) or data.get("database") or data.get("migrations") or "database" not in without:
        return data
    return {**data, "without": {"migrations": without["database"]} | without}


def with_folders(data: dict[str, Any]) -> dict[str, Any]:
    """An environment's raw data with the folders of `configuration_backup` that it does not name filled in.

    Without a database there are no dumps to say where: these folders then lie below /backups, next to one another. What
    is not of the right form stays as it is: the model names it.
    """
    data = _with_directory(data)
    backup, weekly = data.get("backup"), data.get("configuration_backup")
    directory = backup.get("directory") if isinstance(backup, dict) else None
    if not isinstance(weekly, dict) or not isinstance(directory, str):
        return data
    parent = posixpath.dirname(directory.rstrip("/"))
    usual = {key: posixpath.join(parent, name) for key, name in FOLDERS.items()}
    return {**data, "configuration_backup": usual | weekly}


def _with_directory(data: dict[str, Any]) -> dict[str, Any]:
    """With `backup.directory`, where the file says that there is no database and so need not name any."""
    backup, without, weekly = (data.get(key) or {} for key in ("backup", "without", "configuration_backup"))
    parts = all(isinstance(one, dict) for one in (backup, without, weekly))
    if not parts or data.get("database") or "database" not in without or "directory" in backup:
        return data
    repository = weekly.get("repository")
    above = posixpath.dirname(repository) if isinstance(repository, str) else f"/backups/{data.get('name')}"
    return {**data, "backup": {"directory": posixpath.join(above, "database")} | backup}
