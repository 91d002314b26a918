"""Faults of every layer in one round, and none that is not the file's own."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from runbook_lib.environment.all_faults import all_faults
from tests.unit.smallest_environment import SMALLEST


def faults(**changes: Any) -> list[str]:
    data = yaml.safe_load(yaml.safe_dump(SMALLEST, sort_keys=False))
    for place, value in changes.items():
        *above, last = place.split("__")
        holder = data
        for part in above:
            holder = holder.setdefault(part, {})
        if value is None:
            del holder[last]
        else:
            holder[last] = value
    return [line.removeprefix("environment: ") for line in all_faults(data, {})]


def test_a_file_without_a_fault_has_none() -> None:
    assert faults() == []


def test_types_rules_of_a_part_and_what_parts_disagree_on_are_reported_in_one_round() -> None:
    found = faults(title=7, backup__keep_days="thirty", release__page="wob", surprise=1, database__service="cache",
                   gate={"success_threshold": 9, "interval_s": 60.0, "deadline_s": 10.0},
                   restore_drill={"reads": {"/": None}, "no_reads_reason": "x"},
                   configuration_backup={"repository": "/backups/c.git"}, logs={"web": {"kind": "access", "format": "text"}})
    begins = ["title: should be text, got 7", "backup.keep_days: should be a whole number", "surprise: unknown key",
              "gate: ", "restore_drill: reads and no_reads_reason", "configuration_backup: uploads and no_uploads_reason",
              "logs.web: path and service", "release.page: wob is not among release.services",
              "database.service: there is no service 'cache'"]
    assert [begin for begin in begins if not any(line.startswith(begin) for line in found)] == []
    assert len(found) == len(begins), found


@pytest.mark.parametrize("changes", [
    {"services__db": None}, {"services__db": 7}, {"services__web": []}, {"database__service": 5}, {"release__api": 1},
    {"release__services": "web"}, {"release__services__web": None, "release__services__other": 3}, {"without__smoke": 9},
    {"health": {"endpoints": {"/up": {"title": "T", "service": "web"}}}, "without__health": None}, {"compose__files": "compose.yml"},
    {"release": None}, {"services": None}, {"database": None}, {"server__port": "22"}, {"public__url": "ftp://a.example.com"},
])
def test_one_fault_brings_along_none_that_the_file_does_not_have(changes: dict[str, Any]) -> None:
    found = faults(**changes)
    named = {line.split(": ")[0] for line in found}
    # what is reported is about the changed place, or names what the file still has and which is gone
    places = {place.replace("__", ".") for place in changes}
    about = [one for one in named if not any(one.startswith(place) for place in places)]
    assert found
    assert all("there is no service" in line or "is not among" in line for line in found if line.split(": ")[0] in about), found


def test_other_faults_of_a_draft_are_reported_with_its_todos() -> None:
    found = faults(server__host="TODO", compose__project="TODO", contacts={"On call": "TODO"}, release__page="wob", backup__keep_days=0)
    assert [line.split(": ")[:2] for line in found[:3]] == [
        ["server.host", "TODO"], ["compose.project", "TODO"], ["contacts.On call", "TODO"]]
    assert [line.split(": ")[0] for line in found[3:]] == ["backup.keep_days", "release.page"]


def test_a_todo_that_others_name_is_reported_alone() -> None:
    assert [line.split(": ")[0] for line in faults(release__api="TODO", database__service="TODO")] == ["release.api", "database.service"]


@pytest.mark.parametrize("value", [7, [1], {"a": {"b": 1}}, "x", True, 1.5, [], ""])
@pytest.mark.parametrize("key", sorted(SMALLEST))
def test_whatever_stands_for_a_part_ends_in_faults_with_its_path(key: str, value: Any) -> None:
    # each example of the model would be taken, and whatever is not one is named
    assert all(line.startswith((key, "database.service", "release.")) or f"{key}." in line
               for line in faults(**{key: value}) if key != "services")


@pytest.mark.parametrize(("place", "line"), [
    ("backup__directory", "backup.directory: is missing; an absolute path of A-Z a-z 0-9 . _ - / (cron and nginx read it without quotes), e.g. /opt/shop"),
    ("services__web__title", "services.web.title: is missing; text, e.g. shop"),
    ("release__api", "release.api: is missing; the service that stands for the release: one of release.services, e.g. web"),
    ("database", "database: give it, or say in without.database why this environment has none"),
])
def test_what_is_missing_says_what_is_wanted_there(place: str, line: str) -> None:
    (found,) = faults(**{place: None})
    assert found.startswith(line)
