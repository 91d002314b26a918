"""How the environment is asked whether it is healthy, and what its own reports of that are compared with."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StringConstraints, model_validator

from runbook_lib.environment.types import ComposeName, Line, Port, SecretName, StrictModel, Text, UrlPath

NO_CONTENT = 204
# what stands in a request's Host; a port may follow
HostHeader = Annotated[str, StringConstraints(pattern=r"^([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?$")]


class Probe(StrictModel):
    """How one service is asked past everything in front of it: from the server, at its container's own address.

    `http` asks `path` at `port` (the service's last one, if none is named), and a good reply has status 200 and
    `contains`. `host` is the name that it is asked by, its address where none is given: an application that takes its
    own names alone (as ALLOWED_HOSTS) answers its health check's `localhost`, and no address. `https` does the same
    over TLS, and takes any certificate: users' own is what 00, 10 and 40 check. `redis` logs in with the value of
    `password_variable` in its own container, as `user` where the default one is off, over TLS where it speaks that
    alone. `postgres` is asked as the owner of the database that is backed up.
    """

    kind: Literal["http", "https", "postgres", "redis"] = "http"
    port: Port | None = None
    path: UrlPath = "/"
    host: HostHeader | None = None
    contains: Line | None = None
    password_variable: SecretName | None = None
    user: Annotated[str, Field(pattern=r"[A-Za-z0-9_.@-]{1,64}")] | None = None

    @model_validator(mode="after")
    def _user_has_a_password(self) -> Probe:
        if self.user and (self.kind != "redis" or not self.password_variable):
            raise ValueError("user: belongs to kind: redis with password_variable")
        return self

    @property
    def needs_database(self) -> bool:
        """Whether it asks as the owner of the environment's database."""
        return self.kind == "postgres"


class HealthEndpoint(StrictModel):
    """One path that shows whether the application is healthy, and what its reply must hold: a 200 may be any page.

    `service` answers it. The reply has `status`, and: `fields`, dotted places in a JSON object with their values, of
    which null is one, and a place that is missing has none; `json_is`, the whole JSON document, where null compares
    none: so an environment takes away what the one that it extends compares; `contains`, a piece of its text; or it is
    `empty`, as no page is. A reply with the status 204 always is. `commit` and `version` are the fields that name the
    release: nothing shows it better, for another release cannot name it. A `private` endpoint may refuse this machine;
    the server asks then, for the status alone.

    These texts are those of the newest release: they decide for what is being deployed, and for what is live in 00, 21
    and 40. Of a release that is returned to (22, the undo of a failed step, 32) status and `commit` decide, and a text
    that differs is a warning. So is a path that it did not answer before it was replaced: 20 and 22 ask that first, and
    keep it by commit; where nothing is recorded, the file's status decides. A reply of such a release that names no
    commit is a warning, too, and the image that runs is the proof; another commit is a failure.
    """

    title: Text
    service: ComposeName
    status: Annotated[int, Field(ge=200, le=599)] = 200
    fields: dict[Line, str | int | float | bool | None] = Field(default_factory=dict)
    json_is: Any = None
    contains: Line | None = None
    empty: bool = False
    commit: Line | None = None
    version: Line | None = None
    private: bool = False

    @property
    def says_what_it_holds(self) -> bool:
        """Whether anything of the reply's text is given, besides the release's name."""
        return bool(self.fields or self.contains or self.json_is is not None or self.empty)

    @model_validator(mode="after")
    def _says_enough(self) -> HealthEndpoint:
        named = bool(self.commit or self.version)
        if self.empty and (named or self.fields or self.contains or self.json_is is not None):
            raise ValueError("empty: an empty reply holds nothing; leave fields, json_is, contains, commit and version "
                             "out")
        if self.private and (named or self.says_what_it_holds):
            raise ValueError("private: of a private endpoint the status alone is asked; leave fields, json_is, "
                             "contains, commit and version out")
        if not (self.private or named or self.says_what_it_holds or self.status == NO_CONTENT):
            raise ValueError("says nothing of its reply, and a 200 may be any page: give fields, json_is, contains, "
                             "commit or version, for example fields: {status: ok}; or empty: true")
        return self


class Claim(StrictModel):
    """One thing that an endpoint reports, and what decides whether that is so.

    `field` is a dotted place in its JSON reply; without one the HTTP status is meant. Either it reports `good` exactly
    when all `services` answer themselves, or its value `equals` a fact.
    """

    path: UrlPath
    field: Line | None = None
    good: str | int | bool | None = None
    services: tuple[ComposeName, ...] = ()
    equals: Literal["schema_revision", "running_commit"] | None = None

    @model_validator(mode="after")
    def _can_be_decided(self) -> Claim:
        if self.equals and (self.good is not None or self.services or not self.field):
            raise ValueError("equals compares a field with a fact; good and services do not belong to it")
        if not self.equals and (self.good is None or not self.services):
            raise ValueError("good and services go together: what it reports when all of them answer")
        return self


class Health(StrictModel):
    """Endpoints by path; `claims` are what their replies are trusted for, by its name.

    `ready` is asked while the application starts apart from its users, in copies without other services; the first
    endpoint where none is named. An environment without any endpoint says why in `without.health`. `monitored` are a
    plan's words, for people. A service whose own answer takes longer than `slow_ms` works, and is a warning in 40.
    """

    # an environment that extends one with endpoints leaves them all out by `endpoints: null`
    endpoints: Annotated[dict[UrlPath, HealthEndpoint],
                         BeforeValidator(lambda given: {} if given is None else given)] = Field(default_factory=dict)
    ready: UrlPath | None = None
    monitored: tuple[Text, ...] = ()
    claims: dict[Text, Claim] = Field(default_factory=dict)
    slow_ms: Annotated[int, Field(ge=10, le=60_000)] = 1_000

    @property
    def ready_path(self) -> str:
        """What a copy of the application is asked until it answers; `/` where no endpoint is known."""
        return self.ready or next(iter(self.endpoints), "/")

    @property
    def public_paths(self) -> tuple[str, ...]:
        """The endpoints that users may ask; `/` where none is known."""
        return tuple(path for path, one in self.endpoints.items() if not one.private) or ("/",)

    @property
    def names_commit(self) -> bool:
        """Whether any endpoint names the commit that answers. A version alone is not known of every release."""
        return any(one.commit for one in self.endpoints.values())

    @model_validator(mode="after")
    def _claims_are_of_endpoints(self) -> Health:
        unknown = [f"claims.{name}.path: {claim.path} is not among the endpoints"
                   for name, claim in self.claims.items() if claim.path not in self.endpoints]
        if unknown:
            raise ValueError("\n".join(unknown))
        return self
