"""How the environment is asked whether it is healthy, and what its own reports of that are compared with."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from runbook_lib.environment.types import Line, Name, Port, SecretName, StrictModel, Text, UrlPath


class Probe(StrictModel):
    """How one service is asked past everything in front of it: from the server, at its container's own address.

    `http` asks `path` at `port` (the service's last one, if none is named), and a good reply has status 200 and
    `contains`. `redis` logs in with the value of `password_variable` in its own container. `postgres` is asked as the
    owner of the database that is backed up.
    """

    kind: Literal["http", "postgres", "redis"] = "http"
    port: Port | None = None
    path: UrlPath = "/"
    contains: Line | None = None
    password_variable: SecretName | None = None


class Claim(StrictModel):
    """One thing that an endpoint reports, and what decides whether that is so.

    `field` is a dotted place in its JSON reply; without one the HTTP status is meant. Either it reports `good` exactly
    when all `services` answer themselves, or its value `equals` a fact.
    """

    path: UrlPath
    field: Line | None = None
    good: str | int | bool | None = None
    services: tuple[Name, ...] = ()
    equals: Literal["schema_revision", "running_commit"] | None = None

    @model_validator(mode="after")
    def _can_be_decided(self) -> Claim:
        if self.equals and (self.good is not None or self.services or not self.field):
            raise ValueError("equals compares a field with a fact; good and services do not belong to it")
        if not self.equals and (self.good is None or not self.services):
            raise ValueError("good and services go together: what it reports when all of them answer")
        return self


class Health(StrictModel):
    """Endpoints by path, and what each of them covers; `claims` are what their replies are trusted for, by its name."""

    endpoints: dict[UrlPath, Text]
    metrics_path: UrlPath
    monitored: tuple[Text, ...]
    claims: dict[Text, Claim] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _claims_are_of_endpoints(self) -> Health:
        unknown = [f"claims.{name}.path: {claim.path} is not among the endpoints"
                   for name, claim in self.claims.items() if claim.path not in self.endpoints]
        if unknown:
            raise ValueError("\n".join(unknown))
        return self
