"""Expected alerts: exact matchers, and never one that would match all."""

from __future__ import annotations

import pytest

from runbook_lib.core.alerts import ExpectedAlert


def test_an_alert_is_matched_by_its_name_and_every_label_exactly() -> None:
    alert = ExpectedAlert("ServiceUnhealthy", (("job", "postgres"),))
    assert alert.matchers() == [
        {"name": "alertname", "value": "ServiceUnhealthy", "isRegex": False, "isEqual": True},
        {"name": "job", "value": "postgres", "isRegex": False, "isEqual": True},
    ]
    assert str(alert) == "ServiceUnhealthy (job postgres)"


@pytest.mark.parametrize(("name", "labels"), [("", ()), ("", (("job", "x"),)), ("A", (("job", ""),)), ("A", (("", "x"),)),
                                              ("A", (("job=x", "y"),))])
def test_what_would_match_more_is_refused(name: str, labels: tuple[tuple[str, str], ...]) -> None:
    with pytest.raises(ValueError, match="needs a name"):
        ExpectedAlert(name, labels)
