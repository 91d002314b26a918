"""Wrong requests are turned down before a kernel starts: exit code 2, every fault named, nothing written."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.operators import Operator

HOSTILE = ["a;id", "$(id)", "`id`", "--upload-pack=touch /tmp/x", "../x", "refs/heads/a b", "a\nb", "a" * 300, "v3．2．0"]


def is_refused(operator: Operator, words: tuple[str, ...], *expected: str, environment: str = "") -> None:
    ended = operator.run(*words, environment=environment)
    assert ended.code == 2, ended.output
    assert all(word in ended.output for word in ("Where: ", "Next: ", *expected)), ended.output
    assert list(operator.outputs.iterdir()) == []


@pytest.mark.parametrize("ref", HOSTILE)
def test_a_hostile_ref_reaches_no_shell(operator: Operator, ref: str) -> None:
    is_refused(operator, ("20_deploy", "-p", f"ref={ref}"), "ref: ")


@pytest.mark.parametrize(("words", "expected"), [
    (("20_deploy", "-p", "reff=v3.2.0"), ("reff is not a parameter of 20_deploy", "did you mean", "ref")),
    (("20_deploy", "-p", "mode=aply"), ("mode: ", "aply")),
    (("21_verify", "-p", "environment="), ("environment",)),
    (("20_deploy", "-p", "ref"), ("NAME=VALUE",)),
    (("20_deploy", "-p", "ref=v3.1.0", "-p", "ref=v3.2.0"), ("given twice",)),
    (("20_deploi",), ("20_deploi", "20_deploy")),
    (("20_deploy", "-f", "no-such-file.yaml"), ("no-such-file.yaml",)),
], ids=["unknown name", "unknown mode", "empty environment", "no value", "twice", "unknown notebook", "no file"])
def test_a_wrong_request(operator: Operator, words: tuple[str, ...], expected: tuple[str, ...]) -> None:
    is_refused(operator, words, *expected)


def test_a_wrong_type_in_a_file(operator: Operator, tmp_path: Path) -> None:
    (tmp_path / "run.yaml").write_text("ref: [v3.2.0]\nreason: 7\n")
    is_refused(operator, ("20_deploy", "-f", str(tmp_path / "run.yaml")), "ref: ", "reason: ")


def test_a_missing_environment_is_named_with_those_that_are_there(operator: Operator) -> None:
    is_refused(operator, ("20_deploy", "-p", "ref=v3.2.0"), "stagin", "did you mean", "staging", environment="stagin")


def test_a_broken_environment_file_names_the_key(operator: Operator, tmp_path: Path) -> None:
    (tmp_path / "broken.yaml").write_text("extends: staging\nname: broken\nbackup: {keep_days: seven}\nserver: {hots: x}\n")
    is_refused(operator, ("20_deploy", "-p", "ref=v3.2.0"), "backup.keep_days", "'seven'", "server.hots",
                   environment=str(tmp_path / "broken.yaml"))


@pytest.mark.parametrize(("words", "expected"), [
    (("-r", "ref", "a;id"), "BadParameter: ref: "),
    (("-r", "reff", "v3.2.0"), "BadParameter: reff is not a parameter"),
], ids=["hostile ref", "unknown name"])
def test_plain_papermill_refuses_it_too(operator: Operator, words: tuple[str, ...], expected: str) -> None:
    ended = operator.papermill("20_deploy", *words)
    assert (ended.code, ended.folder) == (1, None), ended.output
    assert expected in ended.output
