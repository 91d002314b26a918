"""Which endpoints a release did not answer, in a file on the server."""

from __future__ import annotations

import json

import pytest

from runbook_lib.environment import load_environment
from runbook_lib.platform.facts.earlier_answers import answers_text, missing_paths, parse_answers, unanswered
from runbook_lib.platform.facts.endpoints import Endpoint

ENVIRONMENT = load_environment("staging")
OLD, NEW = "a" * 40, "b" * 40


def test_what_was_answered_otherwise_counts_and_no_reply_shows_nothing() -> None:
    seen = (Endpoint("/health", 404), Endpoint("/api/v1/health", None, error="refused"), Endpoint("/", 200), Endpoint("/gone", 404))
    assert unanswered(ENVIRONMENT, seen) == {"/health": 404}


def test_the_file_keeps_what_may_be_returned_to() -> None:
    text = answers_text({OLD: {"/healthz2": 404}, "gone": {"/x": 404}}, NEW, {"/y": 405}, {OLD})
    assert parse_answers(text) == {OLD: {"/healthz2": 404}, NEW: {"/y": 405}}
    assert parse_answers(answers_text(parse_answers(text), NEW, {}, {OLD})) == {OLD: {"/healthz2": 404}}, "it answers now"


@pytest.mark.parametrize("text", [None, "", "{", "[]", '{"a": 1}', json.dumps({OLD: {"/x": "404", "/y": True, "/z": 9}})])
def test_a_damaged_file_is_as_good_as_none(text: str | None) -> None:
    assert not any(parse_answers(text).values())


def test_what_is_refused_limited_or_broken_is_not_a_path_that_a_release_lacks() -> None:
    before = {"/a": 404, "/b": 405, "/c": 410, "/d": 401, "/e": 403, "/f": 429, "/g": 500, "/h": 503}
    assert set(missing_paths(before)) == {"/a", "/b", "/c"}
