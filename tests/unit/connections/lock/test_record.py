"""The record of who holds the lock: complete, and readable even where the server's is not."""

from __future__ import annotations

import re

import pytest

from runbook_lib.connections.lock.record import RUN_ID, breaker_record, holder_record, parse, timestamp


def test_the_record_names_who_since_when_and_for_what() -> None:
    record = holder_record("staging", "ana@desk", "20260101T000000Z-abcdef", "deploy")
    assert record | {"from": "", "started": ""} == {
        "environment": "staging", "owner": "ana@desk", "run_id": "20260101T000000Z-abcdef", "purpose": "deploy", "from": "",
        "started": ""}
    assert record["from"]


@pytest.mark.parametrize("run_id", ["", "../x", "a b", "a;id", "-x", ".x", "a" * 101, "a\nb"])
def test_a_run_id_is_a_plain_file_name(run_id: str) -> None:
    assert not RUN_ID.fullmatch(run_id)
    with pytest.raises(ValueError, match="not a run id"):
        holder_record("staging", "ana", run_id, "deploy")


def test_who_breaks_the_lock_is_recorded_with_who_held_it() -> None:
    record = breaker_record({"owner": "ana", "run_id": "r1"}, "ben")
    assert (record["by"], record["owner"], record["run_id"]) == ("ben", "ana", "r1")


@pytest.mark.parametrize(("text", "record"), [
    ('{"owner": "ana"}', {"owner": "ana"}), ("", {}), ("{", {}), ("[]", {}), ("null", {}), ('"x"', {}),
])
def test_what_the_server_printed(text: str, record: dict[str, str]) -> None:
    assert parse(text) == record


def test_times_are_utc_to_the_second() -> None:
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", timestamp())
