"""Which recorded releases a rollback can return to, and how one is named."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from runbook_lib.core.errors import BadParameter, PreconditionFailed
from runbook_lib.environment import load_environment
from runbook_lib.platform.facts.release_history import Release
from runbook_lib.platform.facts.releases import Deployed
from runbook_lib.platform.plans.release_files import upstreams_file
from runbook_lib.release.facts.rollback_targets import rollback_targets, select_target

ENVIRONMENT = load_environment("staging")

AT = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def line(letter: str, hours: int, colour: str = "blue") -> Release:
    at = AT - timedelta(hours=hours)
    return Release(letter * 40, f"v{letter}", colour, "0002", f"run-{letter}", "ada", "why", at)


def server(*releases: Release, live: str = "c", standby: str = "b") -> Deployed:
    env = f"GREEN_COMMIT={live * 40}\nBLUE_COMMIT={standby * 40}\nCOMPOSE_PROFILES=green\n"
    images = frozenset(f"gw2-{part}:{letter * 40}" for part in ("backend", "frontend") for letter in "bc")
    return Deployed("green", live * 40, env, upstreams_file(ENVIRONMENT, "green"), "0" * 64, images, releases)


RECORD = (line("a", 3), line("b", 2), line("a", 1), line("c", 0, "green"))


def test_each_commit_is_offered_once_the_last_deployed_first() -> None:
    assert [one.release.version for one in rollback_targets(ENVIRONMENT, server(*RECORD))] == ["vc", "va", "vb"]


def test_a_row_shows_what_is_live_what_is_on_standby_and_whose_image_is_missing() -> None:
    rows = {one.release.version: one.row for one in rollback_targets(ENVIRONMENT, server(*RECORD))}
    assert [rows[name]["now"] for name in ("vc", "vb", "va")] == ["live", "standby as blue", ""]
    assert rows["va"]["image"] == "missing: it is built again"
    assert rows["vb"]["passed its gate in run"] == "run-b"


def test_without_a_name_the_previous_release_is_meant() -> None:
    assert select_target(ENVIRONMENT, server(*RECORD), "").release.version == "va"


def test_after_a_deployment_that_was_never_recorded_the_last_recorded_one_is_meant() -> None:
    assert select_target(ENVIRONMENT, server(*RECORD, live="f", standby="c"), "").release.version == "vc"


@pytest.mark.parametrize("name", ["vb", "b" * 40, "b" * 7])
def test_a_release_is_named_by_version_commit_or_seven_digits(name: str) -> None:
    assert select_target(ENVIRONMENT, server(*RECORD), name).release.commit == "b" * 40


@pytest.mark.parametrize("name", ["vd", "b" * 6, "d" * 40, "b" * 39 + ";", "$(id)"])
def test_a_name_that_is_not_recorded_is_refused(name: str) -> None:
    with pytest.raises(BadParameter, match="no recorded release matches"):
        select_target(ENVIRONMENT, server(*RECORD), name)


def test_a_first_release_has_no_previous_one() -> None:
    with pytest.raises(PreconditionFailed, match="no recorded release before"):
        select_target(ENVIRONMENT, server(line("c", 0, "green")), "")
