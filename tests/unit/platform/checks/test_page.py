"""The page in a browser: what data/page_works.json cannot show."""

from __future__ import annotations

from runbook_lib.environment import load_environment
from runbook_lib.platform.checks.page import judge_page, page_works


def test_an_environment_without_a_page_has_no_finding() -> None:
    environment = load_environment("staging")
    assert page_works(None, environment) == judge_page(environment)(None) == ()
