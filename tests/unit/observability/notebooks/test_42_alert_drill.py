"""What notebook 42_alert_drill may be given, and what is refused before a kernel starts."""

from __future__ import annotations

import pytest

from runbook_lib.contract import read_contract
from runbook_lib.core.errors import BadParameter

CONTRACT = read_contract("42_alert_drill")


def test_its_defaults_change_nothing() -> None:
    values = CONTRACT.check({})
    assert values["environment"] == "lab"
    assert values["mode"] == "plan"
    assert values["conditions"] == []


@pytest.mark.parametrize(("values", "fault"), [
    ({"enviroment": "lab"}, "did you mean 'environment'"),
    ({"environment": 7}, "should be text"),
    ({"password": "x"}, "password"),
    ({"mode": "dry"}, "mode"),
    ({"conditions": "ErrorRateHigh"}, "conditions"),
    ({"conditions": [7]}, "conditions"),
])
def test_what_it_does_not_know_is_refused(values: dict[str, object], fault: str) -> None:
    with pytest.raises(BadParameter, match=fault):
        CONTRACT.check(values)
