"""Which keys of a JSON log are read, and what a level is called."""

from __future__ import annotations

import polars as pl
import pytest

from runbook_lib.environment.logs import LogFile
from runbook_lib.observability.facts.log_formats import USUAL_KEYS, candidates, keys_of, severity
from tests.unit.observability.log_doubles import MESSAGES, REQUESTS


def test_of_a_field_that_a_sample_has_only_the_keys_in_it_are_read() -> None:
    found = keys_of(REQUESTS, b'{"time": 1, "status": 200, "path": "/"}')
    assert [key for key in USUAL_KEYS["status"] if key in found] == ["status"]
    assert set(USUAL_KEYS["address"]) <= set(found), "a field that the sample lacks may come later"
    assert set(found) < set(keys_of(REQUESTS))
    assert len(keys_of(MESSAGES)) == len(set(keys_of(MESSAGES)))


def test_a_key_that_the_environment_file_names_is_the_only_one() -> None:
    mine = LogFile(kind="access", format="json", path="/a", fields={"status": "s"})
    assert candidates(mine, "status") == ("s",)
    assert candidates(mine, "path") == USUAL_KEYS["path"]


@pytest.mark.parametrize(("level", "name"), [
    ("warn", "WARNING"), ("Error", "ERROR"), ("err", "ERROR"), ("FATAL", "CRITICAL"), (" emerg ", "CRITICAL"), ("info", "INFO"), ("", ""),
    ("odd", "ODD"),
])
def test_levels_have_one_name(level: str, name: str) -> None:
    assert pl.select(severity(pl.lit(level))).item() == name
