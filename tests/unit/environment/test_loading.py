"""Reading environment files: strict YAML, extends, local paths."""

from __future__ import annotations

from pathlib import Path

import pytest

from runbook_lib.core.errors import EnvironmentInvalid
from runbook_lib.environment import Environment, load_environment
from tests.unit.environment_doubles import ENVIRONMENTS, copied_project, overlay


def test_an_overlay_merges_mappings_and_replaces_lists(tmp_path: Path, staging: Environment) -> None:
    mine = load_environment(
        overlay(tmp_path, "name: mine\nwatch: {duration_s: 60}\nrate_limit: {exempt: [10.0.0.0/8]}\n")
    )
    assert (mine.watch.duration_s, mine.watch.interval_s) == (60, staging.watch.interval_s)
    assert mine.rate_limit.exempt == ("10.0.0.0/8",)
    assert mine.checklists == staging.checklists


def test_of_several_bases_the_later_wins(tmp_path: Path) -> None:
    (tmp_path / "one.yaml").write_text("disk_minimum_gb: 1\nmemory_minimum_mb: 1\n")
    (tmp_path / "two.yaml").write_text("disk_minimum_gb: 2\n")
    (tmp_path / "mine.yaml").write_text(f"extends: [{ENVIRONMENTS / 'staging.yaml'}, one.yaml, two.yaml]\n")
    mine = load_environment(str(tmp_path / "mine.yaml"))
    assert (mine.disk_minimum_gb, mine.memory_minimum_mb) == (2, 1)


def test_local_paths_are_relative_to_the_file_that_says_them(tmp_path: Path) -> None:
    path = overlay(tmp_path, "server: {key_file: keys/../id, known_hosts_file: ~/hosts}\nsecrets_file: s.env\n")
    mine = load_environment(path)
    assert mine.server.key_file == str(tmp_path / "id")
    assert mine.server.known_hosts_file == str(Path.home() / "hosts")
    assert mine.secrets_file == str(tmp_path / "s.env")


def test_the_lab_that_is_not_up_says_make_lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copied_project(tmp_path, monkeypatch)
    with pytest.raises(EnvironmentInvalid) as caught:
        load_environment("lab")
    assert "make lab" in caught.value.next_step
    assert "the lab is not up" in caught.value.what
    with pytest.raises(EnvironmentInvalid, match="the lab is not up") as caught:
        load_environment("shop")
    assert "lab up --application shop`" in caught.value.next_step


def test_a_second_lab_needs_its_own_address_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copied_project(tmp_path, monkeypatch)
    instance = tmp_path / ".lab" / "second"
    instance.mkdir(parents=True)
    (instance / "address.yaml").write_text("server: {host: 127.0.0.1, port: 2222, key_file: id_ed25519}\n")
    (instance / "environment.yaml").write_text("extends: [lab, ./address.yaml]\nname: second\n")
    second = load_environment(str(instance / "environment.yaml"))
    assert (second.name, second.server.port, second.server.key_file) == ("second", 2222, str(instance / "id_ed25519"))
    assert second.watch.duration_s == 60
    assert list(second.absent_services) == ["grafana"]
    assert "image registry" in second.absent_services["grafana"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\na: 2\n", "line 2: the key 'a' is given twice"),
        ("a: [1\n", "is not YAML"),
        ("- a\n- b\n", "should be a mapping"),
        ("extends: 5\n", "extends: should be a name, a path, or a list of them"),
        ("extends: mine.yaml\n", "extends forms a circle"),
        ("extends: gone.yaml\n", "there is no such file, needed by"),
        ("a: !!python/object/apply:os.system [id]\n", "line 1: the tag !!python"),
    ],
)
def test_a_file_that_is_not_an_environment_is_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "mine.yaml").write_text(text)
    with pytest.raises(EnvironmentInvalid, match=message.replace("(", "\\(")) as caught:
        load_environment(str(tmp_path / "mine.yaml"))
    assert caught.value.exit_code == 2
    assert caught.value.next_step


def test_an_unknown_name_is_answered_with_a_suggestion(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copied_project(tmp_path, monkeypatch)
    with pytest.raises(EnvironmentInvalid, match="did you mean 'staging'"):
        load_environment("stagin")


@pytest.mark.parametrize("text", ['server: {key_file: "~no-such-user/x"}', f'extends: "{"a" * 5000}"', r'extends: "\0.yaml"',
                                  'extends: "~no-such-user/a.yaml"', f'extends: "{"a" * 5000}.yaml"', r'extends: "\0"'],
                         ids=["home", "long-name", "nul-in-path", "home-in-path", "long-path", "nul"])
def test_a_path_that_no_system_takes_is_an_invalid_environment(tmp_path: Path, text: str) -> None:
    (tmp_path / "odd.yaml").write_text(text)
    with pytest.raises(EnvironmentInvalid):
        load_environment(str(tmp_path / "odd.yaml"))


@pytest.mark.parametrize("name", ["~no-such-user/a.yaml", "a" * 5000, f"{'a' * 5000}.yaml", "\0", "\0.yaml"],
                         ids=["home", "long-name", "long-path", "nul", "nul-in-path"])
def test_a_name_that_no_system_takes_is_an_invalid_environment(name: str) -> None:
    with pytest.raises(EnvironmentInvalid):
        load_environment(name)


def test_what_cannot_be_read_is_said_without_a_number_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentInvalid) as caught:
        load_environment(str(tmp_path))
    assert caught.value.what == f"{tmp_path}: cannot be read: Is a directory"
    assert "Name an environment file" in caught.value.next_step
    (tmp_path / "odd.yaml").write_bytes(b"name: mine\ntitle: Gr\xfc\xdfe\n")
    with pytest.raises(EnvironmentInvalid, match="is not UTF-8 text: byte 21 is 0xfc"):
        load_environment(str(tmp_path / "odd.yaml"))


def test_an_unknown_environment_is_answered_with_the_instances_of_the_lab_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copied_project(tmp_path, monkeypatch)
    for name in ("newc", "down"):
        (tmp_path / ".lab" / name).mkdir(parents=True)
    (tmp_path / ".lab/newc/environment.yaml").write_text("extends: lab\n")
    with pytest.raises(EnvironmentInvalid) as refused:
        load_environment("newc")
    named = refused.value.next_step
    assert ".lab/newc/environment.yaml" in named and "staging" in named
    assert ".lab/down" not in named  # not there: it cannot be named
