"""Is the release that replaced another one the expected one, does it answer, and where does it write? Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from runbook_lib.core.findings import Finding, Verdict, finding, not_applicable
from runbook_lib.core.text import pluralize
from runbook_lib.environment import Environment
from runbook_lib.platform.checks.container_health import containers_are_healthy
from runbook_lib.platform.checks.endpoints import (
    BY_IMAGE,
    NOTHING_KNOWN,
    endpoints_show,
    shown_by_image,
    with_stale_proxy,
)
from runbook_lib.platform.checks.smoke_test import smoke_test_passed
from runbook_lib.platform.facts.containers import Container
from runbook_lib.platform.facts.earlier_answers import Unanswered
from runbook_lib.platform.facts.endpoints import Endpoint
from runbook_lib.platform.facts.outage import Outage
from runbook_lib.platform.facts.own_reads import RATE_LIMITED, SERVER_ERROR, Read
from runbook_lib.platform.facts.release_history import Release
from runbook_lib.platform.facts.replaced_release import (
    images_of,
    left_behind,
    of_release,
    runs_image,
    shown_image,
)
from runbook_lib.platform.facts.smoke_test import UserFlow
from runbook_lib.platform.facts.written_rows import LATE_S, WrittenRows

NAMED = "release.services names every service that runs the release's code"
NAME_IT = ("20 Deploy replaces the services of release.services alone, and this one would run the earlier code on: "
           "name it there, with the same image.")
OWN_ALONE = "no service of another release goes on"
OUTAGE, ROWS, READS = "outage for users", "rows are written into this database", "public reads are answered"


def judge_replaced(environment: Environment, images: Mapping[str, str], commit: str, version: str,
                   restarts: Mapping[str, int], texts_of: frozenset[str] | None = None,
                   unanswered: Unanswered = NOTHING_KNOWN) -> Callable[..., tuple[Finding, ...]]:
    """For a Gate over (containers, public endpoints, smoke test, reads of each path).

    `images` by service are what must run; `restarts` are those of shared services before. A version is compared where
    replies name it, and an adopted release has none to compare; `texts_of` and `unanswered` are as in
    ExpectedRelease.
    """

    def judge(containers: tuple[Container, ...], endpoints: tuple[Endpoint, ...], flow: UserFlow,
              reads: tuple[Read, ...] = ()) -> tuple[Finding, ...]:
        inside = (*containers_are_healthy(containers, tuple(images)),
                  *containers_are_healthy(containers, environment.shared_services, restarts))
        shown = endpoints_show(environment, endpoints, commit, version, texts_of=texts_of, unanswered=unanswered)
        return (
            *inside,
            *with_stale_proxy(environment, inside, endpoints, shown),
            images_run(environment, containers, images),
            *_of_another_release(environment, containers, images),
            *smoke_test_passed(flow, earlier=texts_of is not None),
            *((_reads_are_answered(reads, earlier=texts_of is not None),) if reads else ()),
        )

    return judge


def release_runs(environment: Environment, containers: tuple[Container, ...], release: Release,
                 unanswered: Unanswered = NOTHING_KNOWN, unnamed: frozenset[str] = frozenset()) -> tuple[Finding, ...]:
    """Whether containers run the images of a recorded release; with colours, where no endpoint names the commit.

    `unanswered` and `unnamed` are as in `shown_by_image`.
    """
    if environment.release.replaced:
        expected = images_of(environment, release)
        return (images_run(environment, containers, expected), *_left_behind(environment, containers))
    return shown_by_image(environment, containers, release.colour, release.commit, unanswered, unnamed)


def _of_another_release(environment: Environment, containers: Iterable[Container],
                        images: Mapping[str, str]) -> tuple[Finding, ...]:
    """A warning only where a service runs of which this release has no image: a worker of the newer one writes on, and
    what lived in the network of a replaced container has no way out any more.
    """
    left = {name: one for name, one in of_release(environment, containers).items()
            if name not in images and one.state == "running"}
    measured = "; ".join(f"{name}: {shown_image(one.image)}" for name, one in sorted(left.items()))
    return (Finding(OWN_ALONE, Verdict.WARNING, measured, "no service that it does not have",
                    f"Should this release stay, on the server: docker stop "
                    f"{' '.join(one.name for _, one in sorted(left.items()))}. A later release brings it back."),
            ) if left else ()


def _left_behind(environment: Environment, containers: Iterable[Container]) -> tuple[Finding, ...]:
    """A finding only where a container runs the release's image and no release replaces it."""
    found = left_behind(environment, containers)
    return (finding(NAMED, False, measured="; ".join(f"{one.service}: {shown_image(one.image)}" for one in found),
                    expected="no other service runs it", next_step=f"{NAME_IT} Is it left over from an earlier Compose "
                    "file: remove its container."),) if found else ()


def images_run(environment: Environment, containers: Iterable[Container], images: Mapping[str, str]) -> Finding:
    """Each service of the release runs the image that it should. Where no endpoint names the commit, it is said."""
    running = of_release(environment, containers)
    wrong = [f"{name}: {shown_image(running[name].image) if name in running else 'no container'}"
             for name, image in images.items() if name not in running or not runs_image(running[name], image)]
    weaker = "" if environment.health.names_commit else "; no endpoint names the commit, so this is the weaker proof"
    named = ", ".join(dict.fromkeys(map(shown_image, images.values())))
    return finding(BY_IMAGE, not wrong, measured="; ".join(wrong) or f"{named}{weaker}", expected=named,
                   next_step="Another release runs. Compare with `docker ps`, then run 20 Deploy.")


def _reads_are_answered(reads: tuple[Read, ...], *, earlier: bool) -> Finding:
    """Each path that anybody may read is answered well; rate-limited ones show nothing.

    Of an `earlier` release a path that it does not have is a warning: the environment file names those of a later one.
    """
    counted = [one for one in reads if one.status != RATE_LIMITED]
    wrong = [f"{one.path}: {one.status or 'no answer'}" for one in counted
             if one.status is None or not 200 <= one.status < 400]
    missing = earlier and all(one.status is not None and one.status < SERVER_ERROR for one in counted)
    return finding(READS, not wrong if counted else None,
                   measured="; ".join(wrong) or (pluralize(len(counted), "path") if counted else "rate-limited"),
                   expected="each path of traffic.reads and load.paths",
                   otherwise=Verdict.WARNING if missing else Verdict.FAILED,
                   next_step="The earlier release has no such path; should it stay, take the path out." if missing else
                   "Read the application's log for the first error.")


def outage_was(outage: Outage) -> tuple[Finding, ...]:
    """How long users got no answer in all, an undo included. It was announced; one that still lasts is a fault."""
    measured = f"{outage.seconds:.1f} s, {outage.failed} of {pluralize(outage.requests, 'request')} failed"
    measured += ", and it lasts" if outage.lasts else ""
    return (finding(OUTAGE, not outage.lasts if outage.requests else None,
                    measured=measured if outage.requests else "not measured", expected="as the plan announces",
                    next_step="Read the application's log on the server."),)


def outage_is_known(outage: Outage) -> tuple[Finding, ...]:
    """For a Gate that only reports: an outage that lasts longer is the external verification's to judge."""
    return tuple(replace(one, verdict=Verdict.PASSED) if one.verdict is Verdict.FAILED else one
                 for one in outage_was(outage))


SILENT = ("Nothing wrote meanwhile, or what should write failed: read what the release's containers logged, with "
          "`docker logs`. Then do something in the application that is stored, and read it back. Where rows come "
          "seldom by its nature, mark the step of `smoke` that stores one with `writes: true`, or say so in "
          "without.writes.")
OTHER_DATABASE = "Does the release use this database? Compare its variables with those of the release before."


def rows_are_written(before: WrittenRows | None, since: WrittenRows | None, environment: Environment,
                     watched_s: float) -> Finding:
    """Rows came all the time before, or the smoke test stored some, and they come now.

    Inconclusive where too little was written to tell, unless the file says why rows come seldom.

    A release that is healthy on another database keeps this one still.
    """
    steady, came = bool(before and before.all_the_time), bool(since and since.total)
    tested = bool(since and since.stored)
    silent = since is not None and not came and bool(
        (steady and len(since.grown) > 1) or (tested and watched_s >= LATE_S and not since.late))
    seldom = environment.without.get("writes", "")
    if seldom and since is not None and not (came or silent):
        return not_applicable(ROWS, f"{seldom} (no row came during the watch)")
    earlier = f"before it {before.total} rows came, in each sample" if before and steady else (
        "before it rows did not come in each sample, so that silence would not show a fault")
    if tested and not steady:
        earlier = "the smoke test stores some"
    now = "it is not known how many rows came" if since is None else f"{pluralize(since.total, 'row')} came"
    return finding(ROWS, True if came else False if silent else None, measured=f"{now} during the watch; {earlier}",
                   expected="at least one row", next_step=OTHER_DATABASE if silent else SILENT)
