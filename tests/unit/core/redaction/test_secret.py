"""A secret cannot be printed by accident, nor leave the process."""

from __future__ import annotations

import copy
import json
import pickle

import pytest

from runbook_lib.core.redaction import Secret

VALUE = "p<4 ss'wö/rd+&\"x"
SECRET = Secret("DB_PASSWORD", VALUE)


def test_a_secret_shows_its_name_alone() -> None:
    shown = f"{SECRET} {SECRET!r} {SECRET:>20} {[SECRET]}"
    assert VALUE not in shown
    assert shown.count("‹DB_PASSWORD›") == 4


@pytest.mark.parametrize("leave", [pickle.dumps, copy.deepcopy, json.dumps])
def test_a_secret_leaves_the_process_in_no_other_way(leave: object) -> None:
    with pytest.raises(TypeError):
        leave(SECRET)  # type: ignore[operator]


def test_a_fingerprint_changes_with_the_value_and_with_the_name() -> None:
    others = (Secret("DB_PASSWORD", "other"), Secret("OTHER", VALUE))
    assert SECRET.fingerprint() not in [one.fingerprint() for one in others]
    assert Secret("DB_PASSWORD", VALUE) == SECRET and SECRET not in others
