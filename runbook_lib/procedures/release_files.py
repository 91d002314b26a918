"""The two small files that decide what runs: Compose's `.env` and nginx's upstreams."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from runbook_lib.environment import Environment
from runbook_lib.errors import PreconditionFailed
from runbook_lib.facts.migrations import parse_migrations
from runbook_lib.facts.releases import Deployed
from runbook_lib.facts.repository import ReleaseTree
from runbook_lib.procedures.compose import BOTH_COLOURS, PROJECT
from runbook_lib.redaction import Secret

FIRST_COLOUR = "blue"


@dataclass(frozen=True)
class Target:
    """The release to be deployed.

    `configuration` maps a folder of mounted configuration (nginx, prometheus, …) to its git tree hash;
    `schema_head` is the newest of the alembic `revisions` that the release's code knows, `schema_now` the database's.
    """

    commit: str
    version: str
    configuration: Mapping[str, str]
    schema_head: str
    revisions: frozenset[str] = frozenset()
    schema_now: str | None = None

    @property
    def keeps_newer_schema(self) -> bool:
        """Whether the database is past this release: its schema then stays, and the old code runs on it."""
        return self.schema_now is not None and self.schema_now not in self.revisions

    @property
    def schema_expected(self) -> str:
        """The database's revision once this release serves."""
        return str(self.schema_now) if self.keeps_newer_schema else self.schema_head


def target_of(tree: ReleaseTree, schema_now: str | None = None) -> Target:
    """The target that a surveyed release makes. Raises PreconditionFailed when it names no commit or no single head."""
    migrations = parse_migrations(tree.sources.files)
    heads = migrations.heads
    if tree.commit is None or len(heads) != 1:
        problem = tree.problem or f"its migrations have {len(heads)} heads, expected one"
        raise PreconditionFailed(
            f"{tree.ref} cannot be deployed: {problem}.",
            where=f"ref {tree.ref}",
            next="Open 10 Preflight for this ref: it says what the release lacks.",
        )
    known = frozenset(one.revision for one in migrations.revisions)
    return Target(tree.commit.commit, tree.commit.version, tree.configuration, heads[0], known, schema_now)


def idle_colour(deployed: Deployed) -> str:
    """The colour that gets no traffic, and therefore the next release."""
    if deployed.live_colour is None:
        return FIRST_COLOUR
    return next(colour for colour in BOTH_COLOURS if colour != deployed.live_colour)


def env_file(environment: Environment, deployed: Deployed, target: Target, *, live: str) -> str:
    """The text of `.env` with `target` in the idle colour and `live` as the colour that Compose starts by itself."""
    idle = idle_colour(deployed).upper()
    profiles = [live, *(["grafana"] if environment.services["grafana"].required else [])]
    variables = {
        "COMPOSE_PROJECT_NAME": PROJECT,
        "COMPOSE_PROFILES": ",".join(profiles),
        **{f"{colour.upper()}_{kind}": "" for colour in BOTH_COLOURS for kind in ("COMMIT", "VERSION")},
        **{name: value for name, value in deployed.variables.items() if name.endswith(("_COMMIT", "_VERSION"))},
        f"{idle}_COMMIT": target.commit,
        f"{idle}_VERSION": target.version,
        **{f"{folder.upper()}_CONFIG_HASH": tree for folder, tree in sorted(target.configuration.items())},
        **environment.images,
    }
    lines = ["# Written by the deploy runbook; change parameters/environments/ instead.",
             *(f"{name}={value}" for name, value in variables.items())]  # fmt: skip
    return "\n".join(lines) + "\n"


def upstreams_file(colour: str) -> str:
    """nginx's upstreams, all traffic to one colour. Source: nginx manual, ngx_http_upstream_module."""
    return (
        f"# Written by the deploy runbook: {colour} gets the traffic.\n"
        f"upstream backend {{ server backend-{colour}:8000; keepalive 32; }}\n"
        f"upstream frontend {{ server frontend-{colour}:3000; keepalive 32; }}\n"
    )


def exemptions_file(environment: Environment) -> str:
    """nginx's list of networks that the rate limit leaves alone. Source: nginx manual, ngx_http_geo_module."""
    lines = (f"{network} 1;\n" for network in environment.rate_limit.exempt)
    return "".join(("# Written by the deploy runbook from rate_limit.exempt.\n", *lines))


def secrets_file(secrets: Mapping[str, Secret], names: tuple[str, ...]) -> Secret:
    """The whole text of `.env.secrets` as one secret, single-quoted so that Compose takes every character as it is."""
    lines = (f"{name}='{secrets[name].reveal()}'" for name in sorted(names) if name in secrets)
    return Secret("server secrets", "\n".join(lines) + "\n")
