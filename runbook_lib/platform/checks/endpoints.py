"""Do the health endpoints answer, hold what they must, and name this release? Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from runbook_lib.core.findings import Finding, Verdict, finding, not_applicable
from runbook_lib.core.text import head_of
from runbook_lib.environment import Environment
from runbook_lib.platform.facts.containers import Container
from runbook_lib.platform.facts.earlier_answers import Unanswered
from runbook_lib.platform.facts.endpoints import Endpoint
from runbook_lib.platform.facts.running_release import commit_of

NO_ENDPOINTS = "health endpoints"
# the environment file follows the newest release: of an earlier one its texts prove nothing
EARLIER = ("The environment file is of a later release; that this one answers, status and commit show. Should it stay, "
           "write its texts into health.endpoints.")
# of an earlier release, and not of the deployment: it did not answer there before, and was live
NEW_PATH = ("The earlier release never answered there: it has no such path, or not yet. The environment file is of a "
            "later release; should the earlier one stay, take the path out of health.endpoints.")
NO_FIELD = ("The earlier release names no commit there, and its image is the proof. The environment file is of a later "
            "release; should the earlier one stay, take `commit` out of health.endpoints.")
NO_REPLY = "What did not answer as it should names no commit: the check of that reply has what to do."
OTHER_RELEASE = "A different release is answering. Compare the image tags, and where the proxy sends users."
_COMMIT = re.compile(r"[0-9a-f]{7,64}")
NOTHING_KNOWN: Unanswered = {}
# a proxy looks up an address once, and two containers that start at once may change theirs
STALE_PROXY = ("The containers are healthy, and users get no answer: a proxy that the environment file does not name "
               "may still send them to an old address. Reload it (nginx: `nginx -s reload`), ask again, and name it in "
               "`proxy`: 20, 22 and 32 then reload it.")
STALE_NGINX = ("The containers are healthy, and users get no answer: nginx may refuse its files, or still have the "
               "earlier one of a file that is mounted by its own name. Ask it (`nginx -t`), and read its error log. "
               "Such a file it reads anew only after `docker compose restart`.")
CAUSE_IN_HEALTH = "40 Health shows which service is the cause, 43 Log review the errors."
CLOCK_NEXT = "Set this machine's clock, or the server's (`timedatectl` on both), then ask again."
UNANSWERED = frozenset((None, 502, 503, 504))
BY_IMAGE = "the containers run the release's image"


def endpoints_show(
    environment: Environment, endpoints: tuple[Endpoint, ...], commit: str, version: str = "", *,
    texts_of: frozenset[str] | None = None, unanswered: Unanswered = NOTHING_KNOWN,
) -> tuple[Finding, ...]:
    """Every health endpoint answers and holds what it must; those that name the release name this one.

    `version` is compared where it is known and a reply names it; `texts_of` is as in `endpoint_holds`, `unanswered` as
    in `endpoint_answers`. Without any endpoint: not applicable, and why.
    """
    return (*(one for endpoint in endpoints
              for one in (endpoint_answers(environment, endpoint, unanswered),
                          *endpoint_holds(environment, endpoint, commit, version, texts_of, unanswered))),
            *no_endpoints(environment))


def held_texts(environment: Environment, endpoints: tuple[Endpoint, ...]) -> frozenset[str]:
    """The paths whose replies hold now what the environment file says: after a change they must hold it again."""
    rules = environment.health.endpoints
    return frozenset(one.path for one in endpoints
                     if one.path in rules and one.status == rules[one.path].status and not one.lacks)


def without_commit(environment: Environment, endpoints: tuple[Endpoint, ...]) -> frozenset[str]:
    """The paths that answer as they must and name no commit, where the environment file knows a field for it.

    An earlier release may not have had that field: its image is then what shows it.
    """
    rules = environment.health.endpoints
    return frozenset(one.path for one in endpoints if one.path in rules and one.status == rules[one.path].status
                     and not one.named(rules[one.path].commit or ""))


def no_endpoints(environment: Environment) -> tuple[Finding, ...]:
    """One line where the environment has no health endpoint: why, and what shows its health instead."""
    if environment.health.endpoints:
        return ()
    reason = environment.without.get("health", "the environment file names none")
    return (not_applicable(NO_ENDPOINTS, f"{reason}; Docker's health checks and the page are all that shows it"),)


def shown_by_image(
    environment: Environment, containers: tuple[Container, ...], colour: str, commit: str,
    unanswered: Unanswered = NOTHING_KNOWN, unnamed: frozenset[str] = frozenset(),
) -> tuple[Finding, ...]:
    """Where no endpoint names the commit: that of the image which its containers run.

    The weaker proof, and called so: it does not show which release answers a user. `unanswered` is as in
    `endpoint_answers`; `unnamed` as from `without_commit`, of an earlier release.
    """
    if any(rule.commit and path not in unanswered and path not in unnamed
           for path, rule in environment.health.endpoints.items()):
        return ()
    services = [f"{name}-{colour}" for name, one in environment.services.items() if one.coloured and one.required]
    found = {one.service: commit_of(one) or "an image without a commit" for one in containers
             if one.service in services and one.state == "running"}
    wrong = [f"{name}: {head_of(found.get(name, 'no container'), 40)}" for name in services
             if found.get(name) != commit]
    return (finding(BY_IMAGE, not wrong, measured="; ".join(wrong) or
                    f"{commit[:12]}, by its tag; no endpoint names the commit, so this is the weaker proof",
                    expected=commit[:12],
                    next_step="Another release runs. Compare the tags with `docker ps`, then run 20 Deploy."),)


def endpoint_answers(environment: Environment, endpoint: Endpoint, unanswered: Unanswered = NOTHING_KNOWN) -> Finding:
    """The endpoint answers with the status that the environment file gives it.

    `unanswered` are the paths, with their status, that this release did not answer while it was live: as it was is a
    warning, never a failure.
    """
    as_before = _as_before(endpoint, unanswered)
    rule = environment.health.endpoints.get(endpoint.path)
    status = rule.status if rule else 200
    seconds = "" if endpoint.seconds is None else f" in {endpoint.seconds * 1000:.0f} ms"
    return finding(
        f"{endpoint.path} answers",
        None if endpoint.doubt else endpoint.status == status,
        measured="; ".join(filter(None, (endpoint.doubt, endpoint.error))) or f"{endpoint.status}{seconds}",
        expected=status,
        otherwise=Verdict.WARNING if as_before else Verdict.FAILED,
        next_step=CLOCK_NEXT if endpoint.doubt else NEW_PATH if as_before else
        f"Read {'the error log of the proxy and ' if environment.proxy else ''}the application's log on the server. "
        + CAUSE_IN_HEALTH,
        request_id=endpoint.request_id,
    )


def endpoint_holds(environment: Environment, endpoint: Endpoint, commit: str, version: str,
                   texts_of: frozenset[str] | None = None,
                   unanswered: Unanswered = NOTHING_KNOWN) -> tuple[Finding, ...]:
    """What the environment file says that this reply must hold, and which release it must name.

    `texts_of` are the paths whose texts decide, None all of them: of the other ones a text that differs is a warning,
    and so is a version that is not named. Where they are given, so is a commit that is not named; another one never
    is. Of a path that is `unanswered` as
    before, nothing is asked.
    """
    decides = texts_of is None or endpoint.path in texts_of
    rule = environment.health.endpoints.get(endpoint.path)
    if rule is None or _as_before(endpoint, unanswered):
        return ()
    found = []
    # a reply with another status is a fault of its own, and holds whatever an error holds
    if rule.says_what_it_holds and endpoint.status == rule.status:
        found.append(finding(
            f"{endpoint.path} holds what it must", not endpoint.lacks,
            measured="; ".join(endpoint.lacks) or "all of it",
            expected=f"as in health.endpoints.{endpoint.path}", request_id=endpoint.request_id,
            otherwise=Verdict.FAILED if decides else Verdict.WARNING,
            next_step="Something else answers there, or it reports a fault: read the reply itself." if decides else
            EARLIER,
        ))
    if rule.commit:
        named = endpoint.named(rule.commit)
        earlier = texts_of is not None and not named and endpoint.status == rule.status
        found.append(_same_commit(endpoint.path, named or "none", commit, earlier=earlier,
                                  answered=endpoint.status == rule.status))
    if rule.version and version:
        found.append(_same_version(endpoint.path, endpoint.named(rule.version), version, decides=decides))
    return tuple(found)


def _as_before(endpoint: Endpoint, unanswered: Unanswered) -> bool:
    # another status is not what it was: an error now is a fault, whatever was missing before
    return endpoint.status is not None and unanswered.get(endpoint.path) == endpoint.status


def _same_commit(path: str, measured: str, expected: str, *, earlier: bool, answered: bool) -> Finding:
    a_commit = _COMMIT.fullmatch(measured) is not None
    return finding(
        f"{path} names the commit",
        # `git rev-parse --short` is what many builds are given
        measured == expected or (a_commit and expected.startswith(measured)),
        measured=measured[:12],
        expected=expected[:12],
        otherwise=Verdict.WARNING if earlier else Verdict.FAILED,
        next_step=NO_FIELD if earlier else NO_REPLY if not answered else OTHER_RELEASE if a_commit else
        f"The reply names no commit there: correct `commit` in health.endpoints.{path}, or leave it out.",
    )


def _same_version(path: str, measured: str, expected: str, *, decides: bool) -> Finding:
    return finding(
        f"{path} names the version",
        # a tag is v3.2.0 where the application calls itself 3.2.0
        measured.removeprefix("v") == expected.removeprefix("v"),
        measured=head_of(measured, 60) or "none",
        expected=expected,
        # an earlier release may be older than the field; one that names another version is another release
        otherwise=Verdict.FAILED if decides or measured else Verdict.WARNING,
        next_step="A different release is answering, or its build did not get the version.",
    )


def with_stale_proxy(environment: Environment, inside: Iterable[Finding], endpoints: Iterable[Endpoint],
                     shown: Iterable[Finding]) -> tuple[Finding, ...]:
    """`shown`, with what to do next where the containers `inside` are healthy and users get no answer all the same."""
    named = environment.proxy
    advice = STALE_PROXY if named is None else STALE_NGINX if named.may_be_nginx else ""
    stale = advice and all(one.verdict.acceptable for one in inside) and any(
        one.status in UNANSWERED for one in endpoints)
    return tuple(replace(one, next_step=advice) if stale and one.verdict is Verdict.FAILED else one for one in shown)
