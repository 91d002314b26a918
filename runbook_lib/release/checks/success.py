"""The plan's success criteria, each with its measured value. A value that is missing is inconclusive. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from runbook_lib.core.browsing import PageView
from runbook_lib.core.findings import Finding, Verdict, finding, not_applicable
from runbook_lib.core.statistics import percentile
from runbook_lib.core.text import head_of, pluralize
from runbook_lib.environment import Environment
from runbook_lib.platform.checks.container_health import NO_HEALTH_CHECK, containers_are_healthy
from runbook_lib.platform.checks.endpoints import endpoints_show, shown_by_image, without_commit
from runbook_lib.platform.checks.live_release import assets_loaded, schema_is
from runbook_lib.platform.checks.page import page_works
from runbook_lib.platform.checks.proxy_files import proxy_has_its_files
from runbook_lib.platform.checks.replaced_release import release_runs
from runbook_lib.platform.facts.assets import Asset
from runbook_lib.platform.facts.availability import Unanswered
from runbook_lib.platform.facts.containers import Container
from runbook_lib.platform.facts.endpoints import Endpoint
from runbook_lib.platform.facts.logs import SevereLines
from runbook_lib.platform.facts.monitoring import Alert, ScrapeTarget, notebooks_for
from runbook_lib.platform.facts.mounted_files import StaleFile
from runbook_lib.platform.facts.release_history import Release
from runbook_lib.platform.facts.releases import Deployed
from runbook_lib.release.checks.file_migrations import files_applied
from runbook_lib.release.checks.overlaid_files import volumes_hide_nothing
from runbook_lib.release.facts.load import Load
from runbook_lib.release.facts.repository import ReleaseTree
from runbook_lib.release.facts.returned_release import missing_after_rollback, services_it_lacks

FEWEST_SAMPLES = 20  # below this a 95th percentile is one slow request, not a property of the release
NOT_IN_IT = "the live release has no such service: it came with a later one"
MOST_SHOWN = 2  # findings of one criterion in the table


def success_criteria(environment: Environment, release: Release, deployed: Deployed | None = None) -> SuccessCriteria:
    """The plan's success criteria for a live release: a method measures each, `table` shows all with their verdicts.

    With `deployed`, what an earlier release cannot know is a warning, where a rollback returned to it.
    """
    return SuccessCriteria(environment, release, missing_after_rollback(deployed, release) if deployed else None)


@dataclass(frozen=True)
class SuccessCriteria:
    """The criteria of `success.criteria` in the environment file, for one recorded release.

    `missing` are the paths that an earlier release, which a rollback returned to, does not have; None for any other.
    """

    environment: Environment
    release: Release
    missing: Mapping[str, int] | None = field(default=None, hash=False)

    @property
    def earlier(self) -> bool:
        """Whether the environment file may be written for a later release than this one."""
        return self.missing is not None

    @property
    def _names_commits(self) -> bool:
        return any(rule.commit for rule in self.environment.health.endpoints.values())

    def services(self, containers: tuple[Container, ...], tree: ReleaseTree | None = None) -> tuple[Finding, ...]:
        """All services healthy that the live release has, by its `tree`; of its image, where images show it."""
        lacks = services_it_lacks(self.environment, self.release, tree)
        return (*services_healthy(self.environment, containers, self.release.colour, lacks),
                *release_runs(self.environment, containers, self.release))

    def endpoints(self, endpoints: tuple[Endpoint, ...], files: tuple[StaleFile, ...] | None = None,
                  containers: tuple[Container, ...] = ()) -> tuple[Finding, ...]:
        """All critical endpoints responding, and responding as this release.

        One more of the mounted `files` of the proxy in front of them; None where none keeps any. Where an earlier
        release names its commit nowhere, that of the images which `containers` run.
        """
        shown = endpoints_show(self.environment, endpoints, self.release.commit, self.release.named_version,
                               texts_of=frozenset() if self.earlier else None, unanswered=self.missing or {})
        # elsewhere the services show the images
        if self.earlier and not self.environment.release.replaced and self._names_commits:
            shown = (*shown, *shown_by_image(self.environment, containers, self.release.colour, self.release.commit,
                                             self.missing or {}, without_commit(self.environment, endpoints)))
        return shown if files is None else (*shown, proxy_has_its_files(self.environment, files))

    def response_time(self, load: Load) -> tuple[Finding, ...]:
        """API response time (p95) below the limit."""
        return (response_time(self.environment, load),)

    def error_rate(self, load: Load) -> tuple[Finding, ...]:
        """Error rate below the limit."""
        return (error_rate(self.environment, load),)

    def migrations(self, revision: str | None, tree: ReleaseTree | None = None) -> tuple[Finding, ...]:
        """Database migrations applied: the revision is the one recorded with the release.

        Of a tool that has one file a migration: the database has all those of the release's `tree`.
        """
        if self.environment.migrations is not None and self.environment.migrations.tool == "files":
            return files_applied(tree)
        without = self.environment.without.get("migrations", "")
        return (schema_is(revision, self.release.schema_revision or "", without),)

    def assets(self, assets: tuple[Asset, ...] | None, page: PageView | None = None,
               tree: ReleaseTree | None = None) -> tuple[Finding, ...]:
        """Frontend assets loaded correctly: each byte is as it was built, and a browser shows the page.

        With the release's `tree`, whether volumes hide files of its images.
        """
        return (*assets_loaded(assets, self.environment.without.get("page", "")), *page_works(page, self.environment),
                *volumes_hide_nothing(tree.overlaid if tree else ()))

    def logs(self, errors: SevereLines | None) -> tuple[Finding, ...]:
        """No critical errors in logs since the deployment; None: there is no log."""
        return (no_critical_errors(errors, proxy=bool(self.environment.proxy)),)

    def monitoring(self, targets: tuple[ScrapeTarget, ...],
                   alerts: tuple[Alert, ...] | Unanswered) -> tuple[Finding, ...]:
        """Monitoring shows green."""
        return monitoring_green(targets, alerts, self.environment.no_monitoring_reason)

    def table(self, **measured: tuple[Finding, ...]) -> tuple[dict[str, str], ...]:
        """The plan's criteria in its words and order, each with the findings that measure it, given by its key.

        A criterion that no findings are given for is inconclusive.
        """
        return tuple(_row(text, measured.get(key, ())) for key, text in self.environment.success.criteria.items())


def services_healthy(environment: Environment, containers: tuple[Container, ...], colour: str,
                     lacks: frozenset[str] = frozenset()) -> tuple[Finding, ...]:
    """Every service that must run is healthy. One that the environment does without is not applicable, and why.

    So are those that the live release `lacks`, because a later one brings them.
    """
    reasons = {**environment.absent_services, **dict.fromkeys(sorted(lacks), NOT_IN_IT)}
    services = tuple(name for name in environment.running_services(colour) if name not in lacks)
    return (*containers_are_healthy(containers, services, may_start=True),
            *(not_applicable(f"{name} is healthy", reason) for name, reason in reasons.items()))


def response_time(environment: Environment, load: Load) -> Finding:
    """The 95th percentile of the load's response times against the limit. Too few samples are inconclusive."""
    limit_ms, p95_s = environment.success.p95_ms, percentile(load.seconds, 95)
    enough = p95_s is not None and len(load.seconds) >= FEWEST_SAMPLES
    measured = "no request was answered"
    if p95_s is not None:
        measured = f"{p95_s * 1000:.0f} ms of {len(load.seconds)} requests"
    return finding(
        "response time p95",
        p95_s * 1000 < limit_ms if p95_s is not None and enough else None,
        measured=measured,
        expected=f"< {limit_ms} ms of at least {FEWEST_SAMPLES} requests",
        next_step="See the distribution above: a second hump is one slow route, a long tail is a busy machine.",
    )


def error_rate(environment: Environment, load: Load) -> Finding:
    """The load's error rate against the limit; rate-limited requests do not count. Too few are inconclusive."""
    limit, rate = environment.success.error_rate_percent, load.error_rate_percent
    enough = len(load.samples) - load.rate_limited >= FEWEST_SAMPLES
    return finding(
        "error rate",
        rate < limit if rate is not None and enough else None,
        measured="no request counted" if rate is None else f"{rate:.2f} % ({load.errors} of {len(load.samples)})",
        expected=f"< {limit:g} % of at least {FEWEST_SAMPLES} requests",
        next_step="Search the application's log for level ERROR since the deployment.",
    )


def no_critical_errors(errors: SevereLines | None, *, proxy: bool = True) -> Finding:
    """No line of level ERROR or CRITICAL since the deployment. None: there is no log.

    A log that does not reach back to the deployment proves nothing, and neither does a severe line without a time.
    `proxy`: whether users come through one that logs their requests.
    """
    traced = "; a request id finds the user's request in the proxy's access log" if proxy else ""
    lines = errors.lines if errors is not None else ()
    dated = [line for line in lines if line.at is not None]
    measured = "log not readable" if errors is None else pluralize(len(dated), 'line')
    if lines:
        measured += f", the last: {head_of((dated or lines)[-1].message, 120)}"
    if errors is not None and len(dated) < len(lines):
        measured += f"; {len(lines) - len(dated)} without a time"
    if errors is not None and errors.incomplete:
        measured += f"; not all was read: {errors.incomplete}"
    unknown = errors is None or errors.incomplete or lines
    return finding(
        "errors in the log",
        False if dated else None if unknown else True,
        measured=measured,
        expected="no ERROR or CRITICAL line since the deployment",
        next_step=f"Read the lines in the evidence{traced}. "
                  "Where lines are missing, search where rotated logs are kept.",
    )


def monitoring_green(targets: tuple[ScrapeTarget, ...], alerts: tuple[Alert, ...] | Unanswered,
                     without: str = "") -> tuple[Finding, ...]:
    """Every target is scraped, and no alert fires. No target at all, and alerts that are not known, are inconclusive.

    `without` is the reason why the environment keeps no metrics: neither is then applicable.
    """
    if without:
        return not_applicable("monitoring targets", without), not_applicable("alerts", without)
    down = [target.job for target in targets if not target.up]
    return (
        finding(
            "monitoring targets",
            None if not targets or (down and all(one.up or one.waits for one in targets)) else not down,
            measured=f"{len(targets) - len(down)} of {len(targets)} up"
            + (f"; down: {', '.join(down)}" if down else ""),
            expected="all up",
            next_step="Open Prometheus' target page: it shows the last error of each.",
        ),
        _no_alert(alerts),
    )


def _no_alert(alerts: tuple[Alert, ...] | Unanswered) -> Finding:
    if isinstance(alerts, Unanswered):
        return Finding("alerts", Verdict.INCONCLUSIVE, alerts.reason, "none firing", alerts.next_step)
    firing = [alert for alert in alerts if alert.state == "firing"]
    names = sorted({alert.name for alert in firing})
    return finding("alerts", not firing, measured=", ".join(names) or "none firing", expected="none firing",
                   next_step=notebooks_for(firing))


def _row(criterion: str, findings: Sequence[Finding]) -> dict[str, str]:
    verdict = Verdict.worst(one.verdict for one in findings)
    deciding = [f"{one.check}: {one.measured}" for one in findings if one.verdict is verdict]
    more = f" and {len(deciding) - MOST_SHOWN} more" if len(deciding) > MOST_SHOWN else ""
    measured = "; ".join(deciding[:MOST_SHOWN]) + more or "not measured"
    if verdict is Verdict.PASSED and more:
        # what ran and could not be asked for its health does not belong in a bare count
        unasked = [one for one in deciding if NO_HEALTH_CHECK in one]
        measured = "; ".join([f"{pluralize(len(deciding), 'check')} passed", *unasked])
    return {"criterion": criterion, "verdict": str(verdict), "measured": measured}
