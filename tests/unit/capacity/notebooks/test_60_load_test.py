"""What notebook 60_load_test may be given, and what is refused before a kernel starts."""

from __future__ import annotations

import pytest

from runbook_lib.contract import read_contract
from runbook_lib.core.errors import BadParameter

CONTRACT = read_contract("60_load_test")


def test_its_defaults_send_nothing() -> None:
    values = CONTRACT.check({})
    assert (values["environment"], values["mode"], values["model"], values["load"]) == ("lab", "plan", "open", None)
    assert CONTRACT.changes_things


@pytest.mark.parametrize(("values", "fault"), [
    ({"enviroment": "lab"}, "did you mean 'environment'"),
    ({"load": "much"}, "load"),
    ({"stages": 2.5}, "stages"),
    ({"mode": "applied"}, "mode"),
])
def test_what_it_does_not_know_is_refused(values: dict[str, object], fault: str) -> None:
    with pytest.raises(BadParameter, match=fault):
        CONTRACT.check(values)
