"""Is this the expected release, and does it work? The judges of gates and of the external verification."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from runbook_lib.core.findings import Finding, finding, not_applicable
from runbook_lib.core.text import pluralize
from runbook_lib.environment import Environment
from runbook_lib.platform.checks.container_health import containers_are_healthy
from runbook_lib.platform.checks.endpoints import (
    NOTHING_KNOWN,
    endpoint_answers,
    endpoint_holds,
    endpoints_show,
    no_endpoints,
    shown_by_image,
    without_commit,
)
from runbook_lib.platform.checks.smoke_test import smoke_test_passed
from runbook_lib.platform.facts.assets import Asset
from runbook_lib.platform.facts.containers import Container
from runbook_lib.platform.facts.earlier_answers import Unanswered
from runbook_lib.platform.facts.endpoints import Endpoint
from runbook_lib.platform.facts.idle_colour import IdleColour
from runbook_lib.platform.facts.smoke_test import UserFlow

FILES = "every file that the page names is present"
NO_PAGE = "a release of this environment has no page"
RENDERED = "the environment file names no `page`: there are no built files to compare it with"


@dataclass(frozen=True)
class ExpectedRelease:
    """What the gate expects: the commit in every reply, the schema revision, and the colour that runs it.

    `shared` are the services that every release needs and none brings along; `version` is compared where replies name
    it, and is empty where it is not known. `texts_of` are the paths whose replies must hold the texts of the
    environment file: None, all of them, for a release that is being deployed; none for an earlier one. `unanswered` are
    the paths that it is known not to answer, with their status.
    """

    commit: str
    schema_revision: str
    colour: str
    shared: tuple[str, ...]
    version: str = ""
    texts_of: frozenset[str] | None = None
    unanswered: Unanswered = field(default_factory=dict, hash=False)


def judge_health(
    environment: Environment, expected: ExpectedRelease
) -> Callable[[tuple[Container, ...], IdleColour], tuple[Finding, ...]]:
    """For a Gate over (containers, the colour seen from inside): what a slow start still reaches by waiting."""

    def judge(containers: tuple[Container, ...], seen: IdleColour) -> tuple[Finding, ...]:
        answers = (endpoint_answers(environment, reply, expected.unanswered) for reply in seen.replies)
        services = environment.slot(expected.colour)
        return (*containers_are_healthy(containers, services), *answers, *no_endpoints(environment))

    return judge


def judge_identity(
    environment: Environment, expected: ExpectedRelease
) -> Callable[[IdleColour], tuple[Finding, ...]]:
    """For a Gate over the colour seen from inside: is it this release, with all its files? Waiting changes neither."""

    def judge(seen: IdleColour) -> tuple[Finding, ...]:
        held = (one for reply in seen.replies
                for one in endpoint_holds(environment, reply, expected.commit, expected.version, expected.texts_of,
                                          expected.unanswered))
        if not environment.release.page:
            return (*held, not_applicable(FILES, environment.without.get("page", NO_PAGE)))
        if environment.page is None:
            return (*held, not_applicable(FILES, environment.without.get("page", RENDERED)))
        missing = [path for path, status in seen.assets.items() if status != 200]
        files = finding(
            FILES, bool(seen.assets) and not missing,
            measured=f"missing: {', '.join(missing)}" if missing else pluralize(len(seen.assets), "file"),
            expected="the page and its scripts and styles", next_step="The frontend image was built without them.",
        )
        return (*held, files)

    return judge


def judge_flow(longest_ms: float) -> Callable[[UserFlow], tuple[Finding, ...]]:
    """For a Gate over a smoke test: each action works, and at least one read takes no longer than `longest_ms`.

    Steps with `read` count, and of them the fastest: one slow action is a busy machine, and a password's hash is slow
    by design.
    """

    def judge(flow: UserFlow) -> tuple[Finding, ...]:
        if flow.absent:
            return smoke_test_passed(flow)
        reads = [one.seconds * 1000 for one in flow.actions if one.read and one.seconds is not None]
        fastest = min(reads, default=None)
        latency = finding("a read is answered in time", None if fastest is None else fastest <= longest_ms,
                          measured="none was answered" if fastest is None else f"fastest {fastest:.0f} ms",
                          expected=f"<= {longest_ms:g} ms", next_step="Search the application's log for slow requests.")
        return (*smoke_test_passed(flow), latency)

    return judge


def judge_outside(
    environment: Environment, expected: ExpectedRelease, restarts: Mapping[str, int] | None = None
) -> Callable[..., tuple[Finding, ...]]:
    """For a Gate over (containers, public endpoints, schema revision, smoke test, frontend assets).

    `restarts`: the restart counts before the deployment, by service.
    """
    services = (*environment.slot(expected.colour), *expected.shared)

    def judge(
        containers: tuple[Container, ...], endpoints: tuple[Endpoint, ...], revision: str | None, flow: UserFlow,
        assets: tuple[Asset, ...] | None,
    ) -> tuple[Finding, ...]:
        return (
            *containers_are_healthy(containers, services, restarts),
            *endpoints_show(environment, endpoints, expected.commit, expected.version, texts_of=expected.texts_of,
                             unanswered=expected.unanswered),
            *shown_by_image(environment, containers, expected.colour, expected.commit, expected.unanswered,
                            without_commit(environment, endpoints) if expected.texts_of is not None else frozenset()),
            schema_is(revision, expected.schema_revision, environment.without.get("migrations", "")),
            *smoke_test_passed(flow, earlier=expected.texts_of is not None),
            *assets_loaded(assets, environment.without.get("page", "")),
        )

    return judge


def judge_restored(
    environment: Environment, commit: str, colour: str, shared: tuple[str, ...], restarts: Mapping[str, int],
    unanswered: Unanswered = NOTHING_KNOWN,
) -> Callable[[tuple[Container, ...], tuple[Endpoint, ...], UserFlow], tuple[Finding, ...]]:
    """For the Gate after a rollback: the previous release answers again. Its earlier restarts do not count.

    Status and commit decide: the texts of the environment file are those of the release that was being deployed. What
    it did not answer before, `unanswered` with the status, it need not answer now.
    """
    services = (*environment.slot(colour), *shared)

    def judge(
        containers: tuple[Container, ...], endpoints: tuple[Endpoint, ...], flow: UserFlow
    ) -> tuple[Finding, ...]:
        return (
            *containers_are_healthy(containers, services, restarts),
            *endpoints_show(environment, endpoints, commit, texts_of=frozenset(), unanswered=unanswered),
            *shown_by_image(environment, containers, colour, commit, unanswered,
                            without_commit(environment, endpoints)),
            *smoke_test_passed(flow, earlier=True),
        )

    return judge


def assets_loaded(assets: tuple[Asset, ...] | None, without: str = "") -> tuple[Finding, ...]:
    """The frontend's page, at least one script or style, and each byte as it was built. None: there is none.

    `without` is why, in the environment's words.
    """
    if assets is None:
        return (not_applicable("frontend assets", without or RENDERED),)
    if not assets:
        return (finding("frontend page", False, measured="not served", expected="the page of the image",
                        next_step="Read the frontend container's log with `docker logs`."),)
    named = finding(
        "frontend names its assets",
        len(assets) > 1,
        measured=f"{len(assets) - 1} assets",
        expected="at least one",
        next_step="The page was built without its bundle: build the image again.",
    )
    return (
        named,
        *(
            finding(
                f"{one.path} is the built file",
                one.same if one.image_sha256 else None if one.served_sha256 else False,
                measured=one.served_sha256[:12] if one.served_sha256 else "not served",
                expected=one.image_sha256[:12] if one.image_sha256 else "not in the image",
                next_step="It is missing, or another release answers: see where the proxy sends users, and its cache.",
            )
            for one in assets
        ),
    )


def schema_is(revision: str | None, expected: str, no_migrations: str = "") -> Finding:
    """The database's alembic revision is the one that the code expects. Inconclusive when it is unknown.

    Not applicable where the environment has no migrations; `no_migrations` is why.
    """
    if no_migrations:
        return not_applicable("schema revision", no_migrations)
    return finding(
        "schema revision",
        revision == expected if revision else None,
        measured=revision or "unknown",
        expected=expected,
        next_step="Run 20 Deploy again: its migration step did not finish.",
    )
