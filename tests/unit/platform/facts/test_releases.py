"""What the server's own files say about what is deployed."""

import pytest

from runbook_lib.core.errors import FactUnreadable, PreconditionFailed
from runbook_lib.environment import load_environment
from runbook_lib.platform.facts.release_history import parse_releases
from runbook_lib.platform.facts.releases import Deployed, parse_live_colour
from runbook_lib.platform.facts.running_release import parse_application_images

ENVIRONMENT = load_environment("staging")

LINE = (
    '{"at": "2026-11-22T16:00:00+00:00", "commit": "%s", "version": "v3.1.0", "colour": "blue", '
    '"schema_revision": "0001", "run_id": "r", "by": "ann", "reason": ""}\n'
)


def deployed(record: str, env: str = "BLUE_COMMIT=aaa\nGREEN_COMMIT=bbb\n", live: str | None = "blue") -> Deployed:
    return Deployed(live, "aaa", env, None, None, frozenset(), parse_releases(record))


def test_the_live_commit_is_the_live_colours() -> None:
    assert deployed("").live_commit == "aaa"
    assert deployed("", live="green").live_commit == "bbb"
    assert deployed("", live=None).live_commit is None


def test_the_live_release_is_the_newest_recorded_one_with_the_live_commit() -> None:
    record = LINE % "aaa" + LINE % "bbb"
    assert deployed(record).live_release().commit == "aaa"


def test_a_release_that_never_passed_its_gate_is_not_called_live() -> None:
    with pytest.raises(PreconditionFailed, match="not in the release history"):
        deployed(LINE % "ccc").live_release()


def test_two_colours_in_the_upstream_file_are_told() -> None:
    assert parse_live_colour("server backend-blue:8000; server frontend-blue:3000;", ENVIRONMENT) == "blue"
    assert parse_live_colour(None, ENVIRONMENT) is None
    with pytest.raises(FactUnreadable, match="2 colours"):
        parse_live_colour("server backend-blue:8000; server frontend-green:3000;", ENVIRONMENT)


def test_only_the_applications_images_are_listed() -> None:
    listing = "gw2-backend:abc\npostgres:15\ngw2-frontend:abc\ngw2-backend-x:1\n"
    assert parse_application_images(listing, ENVIRONMENT) == {"gw2-backend:abc", "gw2-frontend:abc"}
