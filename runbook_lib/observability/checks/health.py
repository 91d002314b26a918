"""Is the environment healthy, and is what it reports of itself true? Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from runbook_lib.core.browsing import PageView
from runbook_lib.core.findings import Finding, Verdict, finding, not_applicable
from runbook_lib.core.text import head_of, pluralize
from runbook_lib.environment import Environment
from runbook_lib.observability.facts.health_survey import ClaimResult, HealthSurvey
from runbook_lib.platform.checks.endpoints import CAUSE_IN_HEALTH, endpoints_show
from runbook_lib.platform.checks.leftovers import nothing_is_left
from runbook_lib.platform.checks.page import SHOWN, page_works
from runbook_lib.platform.checks.proxy_files import proxy_has_its_files
from runbook_lib.platform.facts.availability import Unanswered
from runbook_lib.platform.facts.by_hand import BY_HAND, NOT_YET
from runbook_lib.platform.facts.certificates import Certificate
from runbook_lib.platform.facts.leftovers import RunContainers
from runbook_lib.platform.facts.logs import SevereLines
from runbook_lib.platform.facts.monitoring import NO_TARGET, NOT_SCRAPED, Alert, ScrapeTarget, notebooks_for
from runbook_lib.platform.facts.mounted_files import StaleFile
from runbook_lib.platform.facts.releases import Deployed
from runbook_lib.platform.facts.server import ServerState
from runbook_lib.release.checks.capacity import disk_and_memory
from runbook_lib.release.checks.tls import VALID, certificate, without_tls

_SOON = "Prometheus, or its configuration, is new: run again in a minute."
CLOCK_S = 5.0
# 40 does not send to itself
CAUSE_ABOVE = "The rows of services above show which one is the cause, 43 Log review the errors."
_NAMES_COMMIT = "names the commit"  # how endpoints_show calls its second finding of an endpoint


def health_is_honest(claims: tuple[ClaimResult, ...]) -> tuple[Finding, ...]:
    """What the endpoints report of database, cache and release is what these answer themselves."""
    if not claims:
        return (Finding("health is honest", Verdict.NOT_APPLICABLE, "the environment file declares no `health.claims`: "
                        "name there what the endpoints report, and it is compared with what that answers itself"),)
    return tuple(not_applicable(f"true: {one.title}", one.absent) if one.absent
                 else finding(f"true: {one.title}", one.agree, expected=one.actual, next_step=_advice(one),
                              measured=f"{one.path}{':' if one.no_reply else ' reports'} {one.reported}")
                 for one in claims)


def _advice(claim: ClaimResult) -> str:
    if claim.agree is None:
        return "Either the endpoint or what it reports of did not answer: see their own rows."
    if claim.reported_good is None:
        return "Another release answers, or it works on another database: compare its variables, then run 21 Verify."
    if claim.reported_good:
        return (f"Do not trust {claim.path}: it reports what is not so, and each gate asks it. Fix "
                f"{' and '.join(claim.about)} first; then correct what {claim.path} checks.")
    answering = "answers itself" if len(claim.about) == 1 else "answer themselves"
    return (f"{' and '.join(claim.about)} {answering}. Search between them and the application: its password, "
            "its connections, the network.")


def endpoints_answer(environment: Environment, survey: HealthSurvey,
                     files: tuple[StaleFile, ...] | Unanswered | None = None) -> tuple[Finding, ...]:
    """Every public endpoint answers 200, as the live release; where that is not known, it is a finding of its own.

    One more of the proxy's mounted `files`; None where no proxy keeps any.
    """
    proxy = () if files is None else (proxy_has_its_files(environment, files),)
    if isinstance(survey.endpoints, Unanswered):
        return (_unanswered("endpoints answer", survey.endpoints, "all with 200"), *proxy)
    live = survey.deployed.live_commit if isinstance(survey.deployed, Deployed) else None
    # no reply names no commit: that is one fault, not two
    silent = {f"{one.path} {_NAMES_COMMIT}" for one in survey.endpoints if one.status is None or live is None}
    found = tuple(replace(one, next_step=one.next_step.replace(CAUSE_IN_HEALTH, CAUSE_ABOVE))
                  for one in endpoints_show(environment, survey.endpoints, live or "") if one.check not in silent)
    return (*found, *(() if live else (_release_not_known(survey),)), *proxy)


def _release_not_known(survey: HealthSurvey) -> Finding:
    check, expected = "the live release is known", "a commit, to compare the replies with"
    if isinstance(survey.deployed, Unanswered):
        return _unanswered(check, survey.deployed, expected)
    if survey.deployed.by_hand:
        return Finding(check, Verdict.WARNING, f"{BY_HAND}: {', '.join(survey.deployed.by_hand)}", expected, NOT_YET)
    return Finding(check, Verdict.INCONCLUSIVE, "the server names none", expected,
                   "Open 00 Start here: it shows what is deployed. Nothing yet: run 20 Deploy.")


def certificate_lasts(environment: Environment, presented: Certificate | Unanswered | None) -> tuple[Finding, ...]:
    """The certificate verifies and lasts as long as the environment demands; not applicable over plain http."""
    if environment.public.no_tls_reason:
        return without_tls(environment.public.no_tls_reason)
    if isinstance(presented, Unanswered):
        return (_unanswered(VALID, presented, environment.public.url),)
    return certificate(presented, environment, live=True)


def page_shows(environment: Environment, view: PageView | Unanswered | None) -> tuple[Finding, ...]:
    """A browser shows the page; not applicable where the environment names none."""
    if isinstance(view, Unanswered):
        return (_unanswered(SHOWN, view, "a browser shows it"),)
    if view is None or environment.gate.page is None:
        return (not_applicable(SHOWN, "the environment file names no page"),)
    return page_works(view, environment)


def monitoring_sees(environment: Environment, targets: tuple[ScrapeTarget, ...] | Unanswered,
                    alerts: tuple[Alert, ...] | Unanswered) -> tuple[Finding, ...]:
    """Every target is scraped, and no alert fires. Without Prometheus, declared absent: not applicable."""
    if not environment.metrics_service:
        reason = environment.no_monitoring_reason
        return tuple(not_applicable(name, reason) for name in ("monitoring targets", "alerts"))
    if targets == () and not alerts:
        return (_targets(()), Finding("alerts", Verdict.INCONCLUSIVE, "Prometheus asks nothing, so nothing can fire",
                                      "none firing", NO_TARGET))
    if alerts == () and not isinstance(targets, Unanswered) and any(one.waits for one in targets):
        return (_targets(targets), Finding("alerts", Verdict.INCONCLUSIVE, "Prometheus has just begun to ask",
                                           "none firing", _SOON))
    return (_targets(targets), *_alerts(alerts))


def _targets(targets: tuple[ScrapeTarget, ...] | Unanswered) -> Finding:
    if isinstance(targets, Unanswered):
        return _unanswered("monitoring targets", targets, "all up")
    if not targets:
        return Finding("monitoring targets", Verdict.INCONCLUSIVE, "Prometheus has no target", "all up", NO_TARGET)
    waiting = [one.job for one in targets if one.waits]
    down = [f"{one.job} ({head_of(one.last_error, 60)})" for one in targets if not one.up and not one.waits]
    up = f"{sum(one.up for one in targets)} of {len(targets)} up"
    words = (up, *((f"down: {', '.join(down)}",) if down else ()),
             *((f"{NOT_SCRAPED}: {', '.join(waiting)}",) if waiting else ()))
    return finding("monitoring targets", False if down else None if waiting else True, measured="; ".join(words),
                   expected="all up", next_step="The service that is not scraped has a row of its own above." if down
                   else _SOON)


def _alerts(alerts: tuple[Alert, ...] | Unanswered) -> tuple[Finding, ...]:
    if isinstance(alerts, Unanswered):
        return (_unanswered("alerts", alerts, "none firing"),)
    firing = [one for one in alerts if one.state == "firing"]
    if not firing:
        pending = sorted({one.name for one in alerts})
        return (finding("alerts", True, measured=f"none firing; pending: {', '.join(pending)}" if pending
                        else "none firing", expected="none firing"),)
    return tuple(
        finding(f"alert {one.name}", False,
                # Prometheus gives the time from which the condition holds, not that of the first message
                measured=f"firing; true since {one.since:%Y-%m-%d %H:%M} UTC: {one.summary}" if one.since
                else one.summary,
                expected="not firing", next_step=_open(one))
        for one in firing)


def _open(alert: Alert) -> str:
    if alert.runbook.startswith("40_"):  # this very notebook
        return "What it is about has a row of its own above; it resolves when that is fixed."
    return notebooks_for((alert,))


def server_has_space(environment: Environment, server: ServerState | Unanswered,
                     left: RunContainers | Unanswered) -> tuple[Finding, ...]:
    """Disk, memory and programs as the environment demands, a clock that agrees with ours, and nothing that a killed
    run has left."""
    if isinstance(server, Unanswered):
        return (_unanswered("the server answers", server, "disk, memory and clock"), *nothing_is_left(left))
    clock = finding("the clock is right", abs(server.clock_ahead_s) <= CLOCK_S,
                    measured=f"{server.clock_ahead_s:+.1f} s against this machine", expected=f"within {CLOCK_S:g} s",
                    next_step="On both machines: `timedatectl`. Tokens, certificates and ages depend on it.",
                    otherwise=Verdict.WARNING)
    return (*disk_and_memory(server, environment), clock, *nothing_is_left(left))


def log_is_quiet(environment: Environment, survey: HealthSurvey, errors: SevereLines | Unanswered | None,
                 minutes: int) -> Finding:
    """No severe line in the backend's log lately; some are a warning, for users may not have noticed.

    A log that does not reach back so far proves nothing, unless the backend itself is younger.
    """
    check, expected = "errors in the log", f"none in the last {'minute' if minutes == 1 else f'{minutes} minutes'}"
    if isinstance(errors, Unanswered):
        return _unanswered(check, errors, expected)
    if errors is None and isinstance(survey.deployed, Deployed) and survey.deployed.by_hand:
        return Finding(check, Verdict.NOT_APPLICABLE, f"{BY_HAND}: 43 Log review reads its logs")
    if errors is None:
        return Finding(check, Verdict.INCONCLUSIVE, "there is no log", expected,
                       "Does the backend write one? See `logging` in the environment file.")
    last = f", the last: {head_of(errors.lines[-1].message, 120)}" if errors.lines else ""
    gap = "" if errors.lines or _is_young(environment, survey, minutes) else errors.incomplete
    if gap and errors.kept_since:
        return _not_yet_known(check, expected, gap, errors.kept_since, minutes)
    return finding(check, None if gap else not errors.lines,
                   measured=gap or f"{pluralize(len(errors.lines), 'line')}{last}", expected=expected,
                   next_step="43 Log review groups them, says which are new, and joins them with their requests.",
                   otherwise=Verdict.WARNING)


def _not_yet_known(check: str, expected: str, gap: str, kept_since: datetime, minutes: int) -> Finding:
    """Lines older than a moment are gone: time alone makes the rest enough."""
    until = kept_since + timedelta(minutes=minutes, seconds=59)
    return Finding(check, Verdict.INCONCLUSIVE, f"no line from before {kept_since:%Y-%m-%d %H:%M:%S} UTC is kept; not "
                   f"known until {until:%Y-%m-%d %H:%M} UTC", expected,
                   f"Run 40 Health again at {until:%H:%M} UTC, or now with fewer `log_minutes`. The reason: {gap}.")


def _is_young(environment: Environment, survey: HealthSurvey, minutes: int) -> bool:
    service = environment.api_of(survey.colour) if survey.colour else ""
    begun = [one.started_at for one in survey.containers_of(service)] if service else []
    return bool(begun) and all(at is not None and survey.at - at < timedelta(minutes=minutes) for at in begun)


def _unanswered(check: str, missing: Unanswered, expected: str) -> Finding:
    return Finding(check, Verdict.INCONCLUSIVE, missing.reason, expected, missing.next_step)
