"""The release history on the server, line by line."""

import json

import pytest

from runbook_lib.core.errors import FactUnreadable
from runbook_lib.platform.facts.release_history import parse_releases

LINE = (
    '{"at": "2026-11-22T16:00:00+00:00", "commit": "%s", "version": "v3.1.0", "colour": "blue", '
    '"schema_revision": "0001", "run_id": "r", "by": "ann", "reason": ""}\n'
)


def test_a_torn_last_line_of_the_record_is_left_out() -> None:
    assert len(parse_releases(LINE % "aaa" + '{"at": "2026-')) == 1


@pytest.mark.parametrize("damage", ['{"at": 3}\n', "[]\n", "nonsense\n", '{"commit": "x"}\n'])
def test_any_other_damage_of_the_record_is_told(damage: str) -> None:
    with pytest.raises(FactUnreadable, match="line 1"):
        parse_releases(damage + LINE % "aaa")


def test_a_line_of_an_earlier_version_has_no_images() -> None:
    release, = parse_releases(LINE % "aaa")
    assert (release.images, release.adopted) == ({}, False)


def test_an_adopted_release_names_the_images_that_were_kept() -> None:
    line = {**json.loads(LINE % "aaa"), "images": {"web": "web:found-0123456789ab"}, "adopted": True}
    release, = parse_releases(json.dumps(line) + "\n")
    assert (release.images, release.adopted) == ({"web": "web:found-0123456789ab"}, True)


def test_images_of_another_form_are_damage() -> None:
    with pytest.raises(FactUnreadable, match="line 1"):
        parse_releases(json.dumps({**json.loads(LINE % "aaa"), "images": 3}) + "\n")


def test_what_was_found_stays_that_in_the_line_of_a_rollback_to_it() -> None:
    """Found by verifying after such a rollback: 21 compared the version of the reply with the runbooks' own name."""
    line = {**json.loads(LINE % "aaa"), "version": "as-found", "rolled_back_from": "bbb"}
    again, = parse_releases(json.dumps(line) + "\n")
    built, = parse_releases(LINE % "aaa")
    assert (again.adopted, again.was_found, again.named_version) == (False, True, "")
    assert (built.was_found, built.named_version) == (False, "v3.1.0")


@pytest.mark.parametrize(("started", "begun"), [
    ("2026-11-22T15:52:30+00:00", "15:52:30"), (None, "16:00:00"), ("", "16:00:00"), ("2026-11-22T17:00:00+00:00", "16:00:00"),
])
def test_a_release_begins_with_its_first_container_and_never_after_it_was_recorded(started: str | None, begun: str) -> None:
    release, = parse_releases(json.dumps({**json.loads(LINE % "aaa"), "started": started}) + "\n")
    assert f"{release.begun:%H:%M:%S}" == begun


def test_a_beginning_that_is_no_time_is_damage() -> None:
    with pytest.raises(FactUnreadable, match="line 1"):
        parse_releases(json.dumps({**json.loads(LINE % "aaa"), "started": "soon"}) + "\n")
