"""The limits of an environment file: one replaces one, and what they must agree on."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from runbook_lib.environment.limits import Limits


def test_one_limit_leaves_the_others_as_they_are() -> None:
    assert Limits.model_validate({"reconnect_s": 30}) == Limits().model_copy(update={"reconnect_s": 30.0})


@pytest.mark.parametrize(("given", "words"), [
    ({"reconnect_s": 151}, "less than or equal to 150"), ({"reconnect_s": 0}, "greater than or equal to 0.1"),
    ({"lock_silence_s": 19}, "4 times lock_heartbeat_s"), ({"lock_heartbeat_s": 7}, "4 times lock_heartbeat_s"),
    ({"watchdog_interval_s": 0}, "greater than or equal to 1"), ({"watchdog_interval_s": 0.5}, "valid integer"),
    ({"reconect_s": 30}, "Extra inputs"),
])
def test_a_limit_that_cannot_hold_is_refused(given: dict[str, float], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        Limits.model_validate(given)
