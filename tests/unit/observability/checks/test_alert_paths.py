"""The one sentence of 42: what fires, and whether the next alert reaches the team."""

from __future__ import annotations

from datetime import UTC, datetime

from runbook_lib.connections.scripted import ScriptedConnections
from runbook_lib.core.findings import Finding, Verdict
from runbook_lib.observability.checks.alert_drill import drill_is_undone, drill_preconditions
from runbook_lib.observability.checks.alert_paths import (
    alert_answer,
    channels_are_connected,
    conditions_have_rules,
    firing_alerts_are_sent,
    no_drill_is_left,
    silences_end,
)
from runbook_lib.observability.facts.alert_delivery import AlertDelivery
from runbook_lib.observability.facts.alert_rules import AlertRules
from runbook_lib.observability.facts.alerting import Alerting, survey
from runbook_lib.platform.facts.availability import Unanswered
from runbook_lib.platform.facts.monitoring import Alert
from tests.unit.observability_doubles import staging
from tests.unit.shop_environment import shop

AT = datetime(2026, 11, 27, 16, 10, tzinfo=UTC)


def alerting(*names: str) -> Alerting:
    alerts = tuple(Alert(name, "firing", since=AT) for name in names)
    return Alerting(AT, AlertRules(()), alerts, AlertDelivery(()), ())


def test_the_sentence_names_what_fires_and_says_that_the_path_works() -> None:
    quiet = alert_answer(staging(), alerting())
    assert quiet == ("No alert of GW2_WvWbuilder staging fires. Rules, routes and channels are set up for the next one: "
                     "a drill proves that it arrives.")
    busy = alert_answer(staging(), alerting("ErrorRateHigh", "ServiceUnhealthy"))
    assert busy.startswith("2 alerts of GW2_WvWbuilder staging fire: ErrorRateHigh, ServiceUnhealthy.")


def test_the_sentence_doubts_a_path_that_failed_or_is_not_known() -> None:
    groups = (Finding("email works", Verdict.FAILED, "no receiver of Alertmanager has it"),
              Finding("silences end", Verdict.INCONCLUSIVE, "no connection"), Finding("a", Verdict.FAILED))
    sentence = alert_answer(staging(), alerting(), groups)
    assert "reaches the team is in doubt: email works (failed: no receiver of Alertmanager has it)" in sentence
    assert sentence.endswith("and 1 more.")


def test_the_sentence_does_not_say_that_nothing_fires_where_prometheus_is_silent() -> None:
    silent = Alerting(AT, Unanswered("rules", "no"), Unanswered("alerts", "no connection"), AlertDelivery(()), ())
    assert alert_answer(staging(), silent).startswith("It is not known what fires in GW2_WvWbuilder staging: no connection.")


def test_where_no_monitoring_is_declared_nothing_is_asked_passed_or_inconclusive() -> None:
    environment = shop()
    found = survey(environment).fetch(ScriptedConnections())
    checks = (*firing_alerts_are_sent(found), *conditions_have_rules(environment, found), *channels_are_connected(environment, found),
              *silences_end(found), *no_drill_is_left(found), *drill_preconditions(environment, found, ()), *drill_is_undone(found, found))
    assert {one.verdict for one in checks} == {Verdict.NOT_APPLICABLE}
    assert "its owners keep no metrics" in checks[0].measured
    assert alert_answer(environment, found, checks) == f"{environment.title} has no alerts: its owners keep no metrics."
