"""Usual figures: of keys that the model has, and of forms that it takes."""

from __future__ import annotations

from runbook_lib.adopting.usual import USUAL, usual_for
from runbook_lib.environment.model import Environment


def test_every_usual_figure_is_of_a_key_that_there_is() -> None:
    assert set(USUAL) <= set(Environment.model_fields)


def test_folders_of_backups_are_the_environments_own() -> None:
    assert usual_for("shop")["backup"]["directory"] == "/backups/shop/database"
    assert "{name}" not in repr(usual_for("shop"))
    assert "{name}" in repr(USUAL)
