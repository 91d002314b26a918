"""The one sentence of 42: what fires, and whether the next alert reaches the team."""

from __future__ import annotations

from datetime import UTC, datetime

from runbook_lib.core.findings import Finding, Verdict
from runbook_lib.observability.checks.alert_paths import alert_answer
from runbook_lib.observability.facts.alert_delivery import AlertDelivery
from runbook_lib.observability.facts.alert_rules import AlertRules
from runbook_lib.observability.facts.alerting import Alerting
from runbook_lib.platform.facts.availability import Unanswered
from runbook_lib.platform.facts.monitoring import Alert
from tests.unit.observability_doubles import staging

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
