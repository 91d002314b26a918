"""Which recorded releases a rollback can return to, and how one is named."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from runbook_lib.core.errors import BadParameter, PreconditionFailed
from runbook_lib.environment import load_environment
from runbook_lib.platform.facts.release_history import Release
from runbook_lib.platform.facts.releases import Deployed
from runbook_lib.platform.plans.release_files import upstreams_file
from runbook_lib.recovery.facts.backups import Backups
from runbook_lib.release.facts.rollback_targets import (
    back_to,
    is_live_on,
    rollback_targets,
    select_target,
    taken_from_users,
)
from tests.unit.platform.facts.test_replaced_release import ADOPTED, NEW, OLD, release, running, text
from tests.unit.recovery.facts.test_backups import backup, folder
from tests.unit.release.plans.test_replacement import deployed
from tests.unit.shop_environment import shop

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


def test_a_rollback_that_is_applied_again_without_a_name_does_not_bring_back_what_it_was_for() -> None:
    """Found by a newcomer: a job that CI retried after it had passed took users to the release that was rolled back."""
    back = (*RECORD, replace(line("a", -1), rolled_back_from="c" * 40))
    with pytest.raises(PreconditionFailed, match="va is live by a rollback from vc") as refused:
        select_target(ENVIRONMENT, server(*back, live="a", standby="c"), "")
    assert 'to="vc"' in refused.value.next_step
    assert select_target(ENVIRONMENT, server(*back, live="a", standby="c"), "vc").release.version == "vc"
    # a release that was deployed since has a previous one again, and so has a rollback from one that was never recorded
    assert select_target(ENVIRONMENT, server(*back, line("d", -2), live="d", standby="a"), "").release.version == "va"
    other = (*RECORD, replace(line("a", -1), rolled_back_from="f" * 40))
    assert select_target(ENVIRONMENT, server(*other, live="a", standby="f"), "").release.version == "vc"


def test_what_a_rollback_took_from_users_is_the_live_release_or_the_last_recorded_one() -> None:
    assert taken_from_users(server(*RECORD), "a" * 40) == "c" * 40
    assert taken_from_users(server(*RECORD, live="a"), "a" * 40) == "c" * 40  # interrupted after the switch
    assert taken_from_users(server(live="a"), "a" * 40) == ""


@pytest.mark.parametrize("name", ["vb", "b" * 40, "b" * 7])
def test_a_release_is_named_by_version_commit_or_seven_digits(name: str) -> None:
    assert select_target(ENVIRONMENT, server(*RECORD), name).release.commit == "b" * 40


@pytest.mark.parametrize("name", ["vd", "b" * 6, "d" * 40, "b" * 39 + ";", "$(id)"])
def test_a_name_that_is_not_recorded_is_refused(name: str) -> None:
    with pytest.raises(BadParameter, match="no recorded release matches"):
        select_target(ENVIRONMENT, server(*RECORD), name)


def test_a_first_release_has_no_previous_one_and_its_own_name_brings_it_up_anew() -> None:
    """Found on a lab: after a rollback that failed onto `as-found` 22 ended here, and did not say to name it."""
    with pytest.raises(PreconditionFailed, match="no recorded release before") as refused:
        select_target(ENVIRONMENT, server(line("c", 0, "green")), "")
    assert 'to="vc"' in refused.value.next_step


def test_what_to_give_to_22_after_a_failed_rollback_is_the_release_that_was_live() -> None:
    assert 'to="v1.2.0"' in back_to("v1.2.0")
    assert back_to("") == back_to(None) == ""


def replaced(*releases: Release, live: str = NEW) -> Deployed:
    """The shop with those lines in its history, and the release of a commit in its containers."""
    found = deployed(text(live, "v1.1.0"), releases, running(f"web:{live}"), live)
    return replace(found, images=frozenset({"web:found-0123456789ab", f"web:{NEW}"}))


def at(one: Release, hour: int) -> Release:
    return replace(one, at=datetime(2026, 11, 27, hour, tzinfo=UTC))


ADOPTED_AT_8, V1_AT_10, V2_AT_12 = at(ADOPTED, 8), at(release(NEW, "v1.1.0"), 10), at(release("c" * 40, "v2"), 12)


def test_an_adopted_release_is_a_choice_of_its_own_by_its_images() -> None:
    built = at(release(OLD, "v1.0.0"), 9)
    found = replaced(ADOPTED_AT_8, built, V1_AT_10)
    choices = rollback_targets(shop(), found)
    assert [one.release.version for one in choices] == ["v1.1.0", "v1.0.0", "as-found"]
    assert [one.live for one in choices] == [True, False, False]
    assert [one.row["image"] for one in choices] == ["on the server", "missing: it is built again", "on the server"]
    assert select_target(shop(), found, "found-0123456789ab").release.adopted
    assert select_target(shop(), found, "as-found").release.adopted
    assert select_target(shop(), found, "").release.version == "v1.0.0"
    assert "colour" not in choices[0].row and "standby" not in str(choices[2].row["now"])


def test_nothing_can_make_an_adopted_image_again() -> None:
    choice = select_target(shop(), replace(replaced(ADOPTED_AT_8, V1_AT_10), images=frozenset()), "as-found")
    assert choice.row["image"] == "missing: nothing can make it again"
    returned = at(replace(ADOPTED, adopted=False, rolled_back_from=NEW), 11)
    again = select_target(shop(), replace(replaced(ADOPTED_AT_8, V1_AT_10, returned, V2_AT_12), images=frozenset()), "as-found")
    assert again.row["image"] == "missing: nothing can make it again"


def backups(*hours: int) -> Backups:
    """Good backups, each made half an hour after one of those hours, newest first."""
    noon = datetime(2026, 11, 22, 12, tzinfo=UTC)  # what `backup` counts its hours back from
    times = [datetime(2026, 11, 27, hour, 30, tzinfo=UTC) for hour in sorted(hours, reverse=True)]
    return folder(*(backup((noon - one) / timedelta(hours=1)) for one in times))


def name_at(hour: int) -> str:
    return f"staging_db_20261127_{hour:02}3000.sql.gz"


@pytest.mark.parametrize(("to", "expected"), [("as-found", 9), ("v1.1.0", 11), ("v2", 13)])
def test_the_backup_is_one_of_the_time_when_the_release_was_live(to: str, expected: int) -> None:
    found = replaced(ADOPTED_AT_8, V1_AT_10, V2_AT_12)
    choice = select_target(shop(), found, to)
    assert choice.backup_name(backups(7, 9, 11, 13)) == name_at(expected)


def test_a_release_that_was_live_twice_has_the_backups_of_both_times() -> None:
    found = replaced(ADOPTED_AT_8, V1_AT_10, V2_AT_12, at(V1_AT_10, 14))
    assert select_target(shop(), found, "v1.1.0").backup_name(backups(11, 13, 15)) == name_at(15)
    assert select_target(shop(), found, "v1.1.0").backup_name(backups(11, 13)) == name_at(11)


def test_two_lines_of_one_release_in_a_row_are_one_time() -> None:
    found = replaced(ADOPTED_AT_8, V1_AT_10, at(V1_AT_10, 11), V2_AT_12)
    assert select_target(shop(), found, "v1.1.0").live_times == ((V1_AT_10.at, V2_AT_12.at),)


def test_without_a_backup_of_its_time_one_has_to_be_named() -> None:
    found = replaced(ADOPTED_AT_8, V1_AT_10, V2_AT_12)
    with pytest.raises(PreconditionFailed, match=r"v1\.1\.0 was live \(2026-11-27 10:00:00 UTC to .*12:00:00 UTC\)"):
        select_target(shop(), found, "v1.1.0").backup_name(backups(7, 13))


def test_where_schemas_are_compared_times_decide_nothing() -> None:
    assert select_target(ENVIRONMENT, server(*RECORD), "va").backup_name(backups(7)) == ""


@pytest.mark.parametrize(("before", "backup", "words"), [
    (None, "", "v2 is live on lab"), ("", "", "v2 is live on lab"), ("v2", "", "v2 is live on lab"),
    ("v3", "", "v2 is live on lab; before: v3"),
    ("v3", "a.sql.gz", "v2 is live on lab, with the data of a.sql.gz; before: v3"),
])
def test_what_is_live_is_named_with_what_was_before_and_the_data(before: str | None, backup: str, words: str) -> None:
    assert is_live_on("lab", "v2", before, backup) == words
