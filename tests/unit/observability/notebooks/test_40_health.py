"""What notebook 40_health may be given, and what is refused before a kernel starts."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from runbook_lib.contract import read_contract
from runbook_lib.core.errors import BadParameter
from runbook_lib.core.findings import Finding
from tests.unit.data_cases import check_cases

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


def test_no_row_of_it_sends_to_itself() -> None:
    """A failed endpoint advised: 40 Health shows which service is the cause."""
    code = (Path(__file__).parents[4] / "notebooks/40_health.ipynb").read_text()
    used = set(re.findall(r"(?:checks|glance)\.(\w+)\(", json.dumps(json.loads(code)["cells"])))
    advice = []
    for case in check_cases():
        if case.family == "observability" and case.check_name in used:
            found = case.found()
            advice += [one.next_step for one in ((found,) if isinstance(found, Finding) else found)]
    assert len([text for text in advice if text]) > 50
    assert [text for text in advice if "40 Health" in text and not text.startswith("Run 40 Health again")] == []
