"""The layers as values: families are found by their folders, `platform` first."""

from __future__ import annotations

from pathlib import Path

from runbook_lib.authoring.layers import PACKAGE, families, layers, purpose


def test_a_folder_with_facts_checks_or_plans_is_a_family(tmp_path: Path) -> None:
    for name, kind in (("release", "plans"), ("platform", "facts"), ("audits", "checks"), ("report", "templates")):
        (tmp_path / name / kind).mkdir(parents=True)
        (tmp_path / name / kind / "__init__.py").touch()
    assert families(tmp_path) == ("platform", "audits", "release")


def test_every_package_stands_in_one_layer() -> None:
    named = [package for layer in layers() for package in layer.packages]
    here = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert sorted(named) == sorted(here)


def test_a_package_says_what_it_is_for_in_its_first_line() -> None:
    assert purpose("contract").startswith("The parameters of a notebook")
