"""The small files that decide what runs: what is written into them, and what cannot be."""

from __future__ import annotations

import pytest

from runbook_lib.core.errors import BadParameter
from runbook_lib.core.redaction import Secret
from runbook_lib.environment import load_environment
from runbook_lib.platform.plans.release_files import exemptions_file, secrets_file, upstreams_file

ENVIRONMENT = load_environment("staging")

VALUE = "q7Zk-2mVx\nsecond line"


def test_secrets_are_quoted_line_by_line_and_those_that_the_run_lacks_are_left_out() -> None:
    held = {"B": Secret("B", "it's"), "A": Secret("A", "a b")}
    assert secrets_file(held, ("B", "A", "C")).reveal() == "A='a b'\nB=\"it's\"\n"


def test_a_secret_that_cannot_be_written_is_refused_by_its_name_alone() -> None:
    with pytest.raises(BadParameter, match="STAGING_DB_PASSWORD has a line break") as raised:
        secrets_file({"STAGING_DB_PASSWORD": Secret("STAGING_DB_PASSWORD", VALUE)}, ("STAGING_DB_PASSWORD",))
    assert raised.value.__cause__ is None and "q7Zk" not in repr(raised.value)


def test_all_traffic_goes_to_the_colour_that_is_named() -> None:
    text = upstreams_file(ENVIRONMENT, "green")
    assert "backend-green:8000" in text and "frontend-green:3000" in text and "blue" not in text


def test_without_exempt_networks_the_list_is_empty() -> None:
    assert [line for line in exemptions_file(load_environment("staging")).splitlines() if not line.startswith("#")] == []
