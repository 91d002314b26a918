"""What notebook 40_health may be given, and what is refused before a kernel starts."""

from __future__ import annotations

import pytest

from runbook_lib.contract import read_contract
from runbook_lib.core.errors import BadParameter

CONTRACT = read_contract("40_health")


def test_its_defaults_change_nothing_and_ask_in_seconds() -> None:
    values = CONTRACT.check({})
    assert values["environment"] == "lab"
    assert (values["deadline_s"], values["log_minutes"]) == (6.0, 15)
    assert not CONTRACT.changes_things


@pytest.mark.parametrize(("values", "fault"), [
    ({"enviroment": "lab"}, "did you mean 'environment'"),
    ({"environment": 7}, "should be text"),
    ({"deadline_s": "soon"}, "deadline_s"),
    ({"log_minutes": 1.5}, "log_minutes"),
    ({"deadline": 3.0}, "did you mean 'deadline_s'"),
    ({"password": "x"}, "password"),
])
def test_what_it_does_not_know_is_refused(values: dict[str, object], fault: str) -> None:
    with pytest.raises(BadParameter, match=fault):
        CONTRACT.check(values)
