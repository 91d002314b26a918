"""Values as they are journalled: plain JSON, redacted, bounded."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import Enum
from pathlib import PurePath

import pytest

from runbook_lib.archive.records import LONGEST_IMAGE, LONGEST_TEXT, bounded, plain, plan_record, recorded, truncate
from runbook_lib.core.commands import Command
from runbook_lib.core.plan import Plan, Step
from runbook_lib.core.redaction import Redactor, Secret


class Colour(Enum):
    BLUE = "blue"


@dataclass
class Disk:
    free_bytes: int
    mounted: PurePath


class Model:
    def model_dump(self):
        return {"a": 1}


class Broken:
    def item(self):
        raise ValueError

    def __str__(self):
        return "broken"


@pytest.mark.parametrize(("value", "expected"), [
    (None, None), (True, True), (7, 7), (1.5, 1.5), (float("inf"), "inf"), ("x", "x"), (Colour.BLUE, "blue"),
    (date(2026, 11, 27), "2026-11-27"), (datetime(2026, 11, 27, tzinfo=UTC), "2026-11-27T00:00:00+00:00"),
    (b"a\xff", "a\N{REPLACEMENT CHARACTER}"), (PurePath("/a"), "/a"), ({3, 1}, [1, 3]), ((1, [2]), [1, [2]]),
    ({Colour.BLUE: (1,)}, {"blue": [1]}), (Disk(1, PurePath("/")), {"free_bytes": 1, "mounted": "/"}),
    (Model(), {"a": 1}), (Broken(), "broken"), (Secret("TOKEN", "x"), "‹TOKEN›"),
])
def test_a_value_becomes_plain_json(value, expected):
    assert plain(value) == expected
    json.dumps(plain(value), allow_nan=False)


def test_a_plan_keeps_texts_for_people_next_to_what_is_hashed():
    plan = Plan("deploy", "lab", (Step("a", "Do it", (Command(("true",)),), why="because"),))
    [step] = plan_record(plan)["steps"]
    assert (step["title"], step["why"], step["does"], step["undoes"]) == ("Do it", "because", ["true"], [])


def test_texts_are_cut_in_the_middle_and_say_how_much():
    assert truncate("x" * 10, 10) == "x" * 10
    cut = truncate("a" * 50 + "b" * 50, 40)
    assert (cut[:30], cut[-10:]) == ("a" * 30, "b" * 10)
    assert "60 characters left out" in cut


def test_structures_are_bounded_all_the_way_down():
    kept = bounded({"a": ["x" * (LONGEST_TEXT + 1)], "image/png": "y" * (LONGEST_IMAGE + 1), "n": 1})
    assert "left out" in kept["a"][0]
    assert (kept["image/png"], kept["n"]) == ("", 1)
    assert bounded({"image/png": "y"}) == {"image/png": "y"}


def test_what_is_cut_was_redacted_before():
    secret = Secret("TOKEN", "correct-horse")
    # seven characters of it, too few to be known as its rest
    text = "x" * (LONGEST_TEXT * 3 // 4 - 7) + "correct-horse" + "y" * LONGEST_TEXT
    assert "correc" not in recorded({"text": text}, Redactor([secret]))["text"]
