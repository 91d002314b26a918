"""All that 40 Health asks, as questions that can be put at once: each has a deadline, and none can end the run."""

from __future__ import annotations

from typing import Any

from runbook_lib.contract.bounds import LONGEST_LOG_MINUTES, within
from runbook_lib.core.errors import BadParameter
from runbook_lib.core.questions import Question
from runbook_lib.environment import Environment
from runbook_lib.observability.facts.alert_delivery import silences_in_force
from runbook_lib.observability.facts.grafana import survey_grafana
from runbook_lib.observability.facts.health_survey import DEADLINE_S, survey_health
from runbook_lib.observability.facts.review_window import check_deadline
from runbook_lib.platform.facts.availability import with_deadline
from runbook_lib.platform.facts.certificates import inspect_certificate
from runbook_lib.platform.facts.leftovers import survey_leftovers
from runbook_lib.platform.facts.logs import errors_lately
from runbook_lib.platform.facts.metrics_clock import prometheus_ahead
from runbook_lib.platform.facts.monitoring import active_alerts, scrape_targets
from runbook_lib.platform.facts.mounted_files import proxy_files
from runbook_lib.platform.facts.page import view_page

HEAD_START_S = 1.0  # of what decides and is cheap: on a server that is busy or full, the rest may come too late


def health_questions(environment: Environment, deadline_s: float = DEADLINE_S, log_minutes: int = 15,
                     ) -> tuple[Question[Any], ...]:
    """Health, page, certificate, monitoring targets, alerts, the log's errors, Grafana, containers of runs,
    the proxy's files, Prometheus' clock and Alertmanager's silences, in this order.

    What takes longer than `deadline_s`, of which a head start of others is a part, or cannot be had, is Unanswered.
    Raises BadParameter.
    """
    good_for = "an answer within seconds"
    check_deadline(deadline_s, good_for)
    try:
        within(log_minutes, 1, LONGEST_LOG_MINUTES)
    except ValueError as error:
        raise BadParameter(f"log_minutes: {error}", where="the parameter log_minutes",
                           next_step=f"Leave it out: the default is good for {good_for}.") from error
    rest_s = max(1.0, deadline_s - HEAD_START_S)
    return (
        survey_health(environment, rest_s),  # its parts have deadlines of their own
        *(with_deadline(question, rest_s) for question in (
            view_page(_hurried(environment, rest_s)), inspect_certificate(environment), scrape_targets(environment),
            active_alerts(environment), errors_lately(environment, log_minutes), survey_grafana(environment),
            survey_leftovers(environment), proxy_files(environment))),
        prometheus_ahead(environment, rest_s),
        with_deadline(silences_in_force(environment), rest_s),
    )


def _hurried(environment: Environment, deadline_s: float) -> Environment:
    """The same environment, whose page has no longer than the deadline: a gate can wait, this cannot."""
    page = environment.gate.page
    if page is None:
        return environment
    limits = {"timeout_s": min(page.timeout_s, deadline_s), "settle_s": min(page.settle_s, 0.5)}
    return environment.model_copy(update={"gate": environment.gate.model_copy(
        update={"page": page.model_copy(update=limits)})})
