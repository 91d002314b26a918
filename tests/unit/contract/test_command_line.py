"""What is typed overrides the file, and nothing is given twice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from runbook_lib.contract import parse_contract, read_contract
from runbook_lib.contract.command_line import given_parameters, named_environment, once
from runbook_lib.core.errors import BadParameter

CONTRACT = parse_contract("20_deploy", 'environment: str = "lab"\nmode: str = "plan"\nconfirm: str = ""\ncount: int = 3\n')
APPLY, LAB, CONFIRM = ("--apply", "apply"), ("-e", "lab"), ("--confirm", "lab")


def test_what_is_typed_overrides_the_file(tmp_path: Path) -> None:
    file = tmp_path / "run.yaml"
    file.write_text("environment: staging\ncount: 5\nmode: apply\n")
    given = given_parameters(CONTRACT, {"environment": LAB, "confirm": CONFIRM}, ["count=7"], [str(file)])
    assert given == {"environment": "lab", "count": 7, "mode": "apply", "confirm": "lab"}


@pytest.mark.parametrize(("options", "pairs", "words"), [
    ({"environment": LAB}, ["environment=staging"], "-e and -p environment=staging: environment is given twice"),
    ({"environment": LAB}, ["environment=lab"], "environment is given twice"),
    ({"mode": APPLY}, ["mode=plan"], "--apply and -p mode=plan: mode is given twice"),
    ({}, ["count=1", "count=1"], "count is given twice"), ({}, ["count"], "not of the form"), ({}, ["=1"], "not of the form"),
    ({"confirm": CONFIRM}, [], "--confirm without --apply"), ({}, ["confirm=lab"], "--confirm without --apply"),
    ({"confirm": CONFIRM}, ["mode=plan"], "--confirm without --apply"), ({}, ["cuont=1"], "did you mean 'count'"),
])
def test_contradictions_are_refused(options: dict[str, Any], pairs: list[str], words: str) -> None:
    with pytest.raises(BadParameter, match=words) as refused:
        given_parameters(CONTRACT, options, pairs, [])
    assert refused.value.exit_code == 2


@pytest.mark.parametrize("typed", ["", "  "])
def test_an_environment_without_a_name_is_refused_and_not_the_default(typed: str) -> None:
    """`-e "$ENVIRONMENT"` of a variable that is not set ran on the notebook's own."""
    with pytest.raises(BadParameter, match="-e names no environment") as refused:
        named_environment([typed])
    assert "staging" in refused.value.next_step
    assert (named_environment([]), named_environment(["lab"])) == ("", "lab")


def test_all_that_is_wrong_is_named_at_once(tmp_path: Path) -> None:
    contract = parse_contract("21_verify", 'version: str\nmode: str = "plan"\nwatch_s: float | None = None\ncount: int = 3\n')
    file = tmp_path / "run.yaml"
    for text, of_file in (("count: 5\n", "version: is required (text)"), ("count: many\n", "line 1: count: should be a whole number")):
        file.write_text(text)
        with pytest.raises(BadParameter) as refused:
            given_parameters(contract, {"mode": APPLY}, ["watch_s=soon", "mode=aply", "cuont=1", "count"], [str(file)])
        for fault in ("watch_s: should be a number", "--apply and -p mode=aply: mode is given twice", "cuont is not a parameter",
                      "-p count: is not of the form NAME=VALUE", of_file):
            assert fault in refused.value.what
    with pytest.raises(BadParameter) as refused:
        given_parameters(contract, {}, ["watch_s=soon", "mode=aply", "version=1"], [])
    assert refused.value.what.splitlines() == ["watch_s: should be a number, got 'soon'", "mode: should be 'plan' or 'apply', got 'aply'"]


DEPLOY = read_contract("20_deploy")


@pytest.mark.parametrize(("pairs", "named"), [
    (["watch_s=-5", "breaking_migration=maybe"], ("watch_s", "breaking_migration", "ref")),
    (["watch_s=abc", "reff=v3", "sessions=maybe"], ("watch_s", "reff", "sessions", "ref")),
    (["reff=v3", "watch_s=abc", "foo"], ("reff", "watch_s", "-p foo", "ref")),
])
def test_words_that_the_families_take_are_refused_with_the_other_faults(pairs: list[str], named: tuple[str, ...]) -> None:
    with pytest.raises(BadParameter) as refused:
        given_parameters(DEPLOY, {}, pairs, [])
    assert sorted(line.partition(":")[0].partition(" is not")[0] for line in refused.value.what.splitlines()) == sorted(named)


@pytest.mark.parametrize("notebook", ["10_preflight", "20_deploy"])
def test_an_empty_ref_is_refused_with_an_example(notebook: str, tmp_path: Path) -> None:
    file = tmp_path / "run.yaml"
    file.write_text("ref: ''\n")
    for pairs, files in ((["ref="], []), (["ref= "], []), ([], [str(file)])):
        with pytest.raises(BadParameter, match=r"ref: is required: the tag, branch or commit, for example -p ref=v1\.2\.0"):
            given_parameters(read_contract(notebook), {}, pairs, files)


def test_a_text_without_a_default_is_not_empty() -> None:
    with pytest.raises(BadParameter, match=r"version: is required \(text\), for example -p version=TEXT"):
        given_parameters(parse_contract("90_x", "version: str\n"), {}, ["version="], [])


def test_a_notebook_that_only_reads_names_the_option_that_was_typed() -> None:
    with pytest.raises(BadParameter) as refused:
        given_parameters(read_contract("40_health"), {"mode": APPLY, "confirm": CONFIRM}, [], [])
    assert refused.value.what == "40_health only reads: leave out --apply\n40_health only reads: leave out --confirm"
    with pytest.raises(BadParameter, match="mode is not a parameter of 40_health; it only"):
        given_parameters(read_contract("40_health"), {}, ["mode=apply"], [])


def test_a_confirmation_in_a_file_may_wait_for_its_apply(tmp_path: Path) -> None:
    file = tmp_path / "run.yaml"
    file.write_text("mode: apply\nconfirm: lab\n")
    assert given_parameters(CONTRACT, {}, ["mode=plan"], [str(file)])["mode"] == "plan"


def test_an_option_that_may_be_given_once() -> None:
    assert (once("-e", []), once("-e", ["lab"])) == ("", "lab")
    with pytest.raises(BadParameter, match="-e lab -e staging: -e is given twice"):
        once("-e", ["lab", "staging"])
