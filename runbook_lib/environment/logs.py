"""Which logs exist, where they lie and in which format: what the review of logs reads, as data."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from runbook_lib.environment.types import AbsolutePath, ComposeName, StrictModel, Text

LogField = Literal["time", "status", "path", "seconds", "address", "request_id", "level", "message", "exception"]
ACCESS_ONLY = ("status", "path", "seconds", "address")
REQUESTS_ONLY = ("combined", "traefik", "caddy")  # formats that have no messages
MESSAGES_ONLY = ("level", "message", "exception")


def _a_file(path: str) -> str:
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if not parts or ".." in parts:
        raise ValueError("should be the path of a file, without ..")
    # in one form, so that the same log named twice is seen
    return "/" + "/".join(parts)


class LogFile(StrictModel):
    """One log: either a file on the server (`path`, with whatever rotation left of it), or what the containers of a
    service write (`service`, as Docker keeps it).

    `access` has a line a request, `application` messages with a level. `json` is one object a line, `combined` that of
    nginx and Apache, with or without a virtual host in front, `traefik` that of Traefik, common or JSON, `caddy` the
    JSON of Caddy, `text` a time, a level and a message. Times of `text` are ISO 8601, those of PHP, Apache's errors,
    uWSGI, klog and syslog, and seconds since 1970 or parts of them; UTC where they have no zone. `fields` names the
    keys of a `json` log where they are not the usual ones.
    """

    kind: Literal["access", "application"]
    format: Literal["json", "combined", "traefik", "caddy", "text"]
    path: Annotated[AbsolutePath, AfterValidator(_a_file)] | None = None
    service: ComposeName | None = None
    fields: dict[LogField, Text] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _can_be_read(self) -> LogFile:
        if (self.path is None) == (self.service is None):
            raise ValueError("path and service: exactly one of them; a file on the server, or a service's containers")
        if self.kind == ("access" if self.format == "text" else "application" if self.format in REQUESTS_ONLY else ""):
            raise ValueError(f"format: a log of kind {self.kind} is never {self.format}")
        if self.fields and self.format != "json":
            raise ValueError(f"fields: a log in the format {self.format} has none; they belong to json")
        other = MESSAGES_ONLY if self.kind == "access" else ACCESS_ONLY
        odd = [name for name in self.fields if name in other]
        if odd:
            raise ValueError(f"fields.{odd[0]}: a log of kind {self.kind} has no such field")
        return self


def log_file(logs: dict[str, LogFile], kind: Literal["access", "application"]) -> str:
    """The path of the first log of this kind that is a file on the server, JSON before others; empty without any."""
    files = [one for one in logs.values() if one.kind == kind and one.path]
    first = next((one for one in files if one.format == "json"), files[0] if files else None)
    return (first.path if first else None) or ""


def access_log(logs: dict[str, LogFile]) -> LogFile | None:
    """The log in which users' requests are counted: JSON before others, a file before a service's; None: there is none.
    """
    found = [one for one in logs.values() if one.kind == "access"]
    return min(found, key=lambda one: (one.format != "json", one.path is None), default=None)


def names_who_answered(log: LogFile | None) -> bool:
    """Whether the log is read as that of our own proxy: its JSON names the address of the service that answered."""
    return log is not None and log.format == "json" and log.path is not None and not log.fields


def log_faults(logs: dict[str, LogFile], services: object) -> list[str]:
    """What is wrong among logs, in words: services that do not exist, and two entries for the same lines."""
    known = services if isinstance(services, dict) else {}
    faults = [f"logs.{name}.service: there is no service {log.service!r}" for name, log in logs.items()
              if log.service is not None and log.service not in known]
    places: dict[str, str] = {}
    for name, log in logs.items():
        place = log.path or f"service {log.service}"
        first = places.setdefault(place, name)
        if first != name:  # each of its lines would count twice
            faults.append(f"logs.{name}: {place} is that of logs.{first} already")
    return faults
