"""Does Grafana take its password, and does it show what the checkout has? Pure."""

from __future__ import annotations

from runbook_lib.core.findings import Finding, Verdict, finding, not_applicable
from runbook_lib.core.text import pluralize
from runbook_lib.environment import Environment
from runbook_lib.environment.services import service_by_technology
from runbook_lib.observability.checks.health import monitoring_sees
from runbook_lib.observability.checks.silences import silences_are_meant
from runbook_lib.observability.facts.alert_delivery import Silence
from runbook_lib.observability.facts.grafana import REFUSED, TECHNOLOGY, GrafanaSurvey
from runbook_lib.platform.checks.grafana_password import take_password
from runbook_lib.platform.checks.metrics_clock import clock_is_the_servers
from runbook_lib.platform.facts.availability import Unanswered
from runbook_lib.platform.facts.monitoring import Alert, ScrapeTarget
from runbook_lib.platform.facts.operations import Operation

PASSWORD, SOURCES, BOARDS = "Grafana takes its password", "Grafana's data sources answer", "Grafana has its dashboards"
_EXPECTED = {PASSWORD: "the one of the last deployment", SOURCES: "each passes Grafana's own check",
             BOARDS: "every dashboard of the checkout"}
_OWN_ROW = "Its own row says what to do."


def monitoring_works(environment: Environment, targets: tuple[ScrapeTarget, ...] | Unanswered,
                     alerts: tuple[Alert, ...] | Unanswered,
                     survey: GrafanaSurvey | Unanswered | None, clock_ahead: float | Unanswered,
                     silences: tuple[Silence, ...] | Unanswered = (),
                     operation: Operation | Unanswered | None = None) -> tuple[Finding, ...]:
    """Prometheus scrapes every target, no alert fires and none is kept from everyone by what a dead run left, its
    clock is the server's, and Grafana shows it."""
    return (*monitoring_sees(environment, targets, alerts), silences_are_meant(environment, silences, operation),
            clock_is_the_servers(environment, clock_ahead), *dashboards_show(environment, survey))


def dashboards_show(environment: Environment, survey: GrafanaSurvey | Unanswered | None) -> tuple[Finding, ...]:
    """Password, data sources and dashboards, as Grafana's API proves them; not applicable where there is no Grafana."""
    name = service_by_technology(environment.services, TECHNOLOGY)
    if name is None or not environment.services[name].required:
        reason = environment.services[name].absent_reason if name else "the environment file names no Grafana"
        return tuple(not_applicable(one, reason) for one in _EXPECTED)
    if survey is None:
        reason = "Grafana publishes no port on the server's loopback"
        return tuple(not_applicable(one, reason) for one in _EXPECTED)
    if isinstance(survey, Unanswered):
        return tuple(Finding(one, Verdict.INCONCLUSIVE, survey.reason, expected, survey.next_step)
                     for one, expected in _EXPECTED.items())
    if not survey.running or survey.login not in (200, *REFUSED):
        measured = f"it answers {survey.login}" if survey.login else "it does not answer"
        return tuple(Finding(one, Verdict.INCONCLUSIVE, measured, expected, _OWN_ROW)
                     for one, expected in _EXPECTED.items())
    if survey.login in REFUSED:
        missing = tuple(Finding(name, Verdict.INCONCLUSIVE, "it was not asked: the password was refused",
                                _EXPECTED[name], f"First: {PASSWORD}.") for name in (SOURCES, BOARDS))
        return (_password(environment, name, refused=True), *missing)
    return (_password(environment, name, refused=False), _sources(survey), _boards(survey))


def _password(environment: Environment, name: str, *, refused: bool) -> Finding:
    command = take_password(environment.project, name)
    # users notice nothing: a warning. But who knew the earlier password still gets in
    return finding(PASSWORD, not refused, measured="refused: it has kept an earlier one" if refused else "accepted",
                   expected=_EXPECTED[PASSWORD], next_step=f"On the server: {command}. Then run again.",
                   otherwise=Verdict.WARNING)


def _sources(survey: GrafanaSurvey) -> Finding:
    failing = [f"{one.uid} ({one.message})" for one in survey.sources if one.works is False]
    unchecked = [one.uid for one in survey.sources if one.works is None]
    measured = f"failing: {', '.join(failing)}" if failing else pluralize(len(survey.sources), "data source")
    measured += f"; of a kind without a check: {', '.join(unchecked)}" if unchecked else ""
    # where not one could be checked, nothing is known
    good = None if unchecked and len(unchecked) == len(survey.sources) else not failing and bool(survey.sources)
    return finding(SOURCES, good, measured=measured, expected=_EXPECTED[SOURCES],
                   next_step="Compare grafana/provisioning/datasources with Prometheus' row above.")


def _boards(survey: GrafanaSurvey) -> Finding:
    if not survey.expected:
        return not_applicable(BOARDS, "the checkout has no grafana/dashboards")
    missing = [name for uid, name in survey.expected if uid not in (survey.boards or ())]
    measured = f"missing: {', '.join(missing)}" if missing else pluralize(len(survey.expected), "dashboard")
    return finding(BOARDS, None if survey.boards is None else not missing,
                   measured="Grafana lists none" if survey.boards is None else measured, expected=_EXPECTED[BOARDS],
                   next_step="Read Grafana's log for `provisioning`: it names the file that it cannot load.")
