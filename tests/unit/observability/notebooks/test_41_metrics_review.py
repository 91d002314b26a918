"""What notebook 41_metrics_review may be given, and what is refused before a kernel starts."""

from __future__ import annotations

import pytest

from runbook_lib.contract import read_contract
from runbook_lib.core.errors import BadParameter

CONTRACT = read_contract("41_metrics_review")


def test_its_defaults_change_nothing_and_review_the_last_hours() -> None:
    values = CONTRACT.check({})
    assert values["environment"] == "lab"
    assert (values["window"], values["until"], values["deadline_s"]) == ("6h", "", 15.0)
    assert not CONTRACT.changes_things


@pytest.mark.parametrize(("values", "fault"), [
    ({"enviroment": "lab"}, "did you mean 'environment'"),
    ({"environment": 7}, "should be text"),
    ({"window": 6}, "window"),
    ({"deadline_s": "soon"}, "deadline_s"),
    ({"windows": "6h"}, "did you mean 'window'"),
    ({"password": "x"}, "password"),
])
def test_what_it_does_not_know_is_refused(values: dict[str, object], fault: str) -> None:
    with pytest.raises(BadParameter, match=fault):
        CONTRACT.check(values)
