"""Docker Compose on this machine: which files it takes, where a name comes from, and how a refusal is reported."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from runbook_lib.connections.local_compose import read_project, variable_values
from runbook_lib.core.errors import DockerUnavailable, RunbookError, UsageError

MODEL: dict[str, Any] = {"name": "folder", "services": {"web": {"image": "web"}}}
PROGRAM = """#!/bin/sh
echo "$*" >> "{log}"
case "$*" in
*--project-directory*) cat > /dev/null; cat "{folder}/probe";;
*--no-interpolate*) cat "{folder}/plain" || exit 1;;
ps*) cat "{folder}/running";;
*) cat "{folder}/errors" >&2; cat "{folder}/model"; exit "$(cat "{folder}/code")";;
esac
"""


@pytest.fixture
def replies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A `docker` that replies with files of this folder."""
    folder = tmp_path / "replies"
    folder.mkdir()
    for name, text in {"model": json.dumps(MODEL), "plain": "{}", "running": "", "errors": "", "code": "0"}.items():
        (folder / name).write_text(text)
    write_probe(folder)
    program = folder / "docker"
    program.write_text(PROGRAM.format(folder=folder, log=folder / "log"))
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return folder


def write_probe(folder: Path, name: str = "runbook-adopt-probe", file: str = "", separator: str = "") -> None:
    labels = {"file": file, "separator": separator}
    (folder / "probe").write_text(json.dumps({"name": name, "services": {"probe": {"labels": labels}}}))


def compose_folder(tmp_path: Path, *names: str, text: str = "services: {}\n") -> Path:
    folder = tmp_path / "a shop"
    folder.mkdir()
    for name in names:
        (folder / name).write_text(text)
    return folder


@pytest.mark.parametrize(("there", "taken"), [
    (("compose.yaml", "compose.yml", "docker-compose.yml"), ("compose.yaml",)),
    (("docker-compose.yml", "docker-compose.override.yml"), ("docker-compose.yml", "docker-compose.override.yml")),
    (("compose.yml", "compose.override.yaml"), ("compose.yml", "compose.override.yaml")),
])
def test_the_files_are_those_that_compose_takes(replies: Path, tmp_path: Path, there: tuple[str, ...],
                                                taken: tuple[str, ...]) -> None:
    assert read_project(compose_folder(tmp_path, *there)).files == taken


def test_compose_file_names_the_files_in_their_order(replies: Path, tmp_path: Path) -> None:
    write_probe(replies, file="base.yml;prod.yml", separator=";")
    assert read_project(compose_folder(tmp_path, "base.yml", "prod.yml")).files == ("base.yml", "prod.yml")


def test_a_folder_without_a_compose_file_is_refused_and_those_above_are_not_searched(replies: Path, tmp_path: Path) -> None:
    (tmp_path / "compose.yml").write_text("services: {}\n")
    with pytest.raises(UsageError, match="no Compose file"):
        read_project(compose_folder(tmp_path))


def test_no_name_is_made_from_the_folder(replies: Path, tmp_path: Path) -> None:
    assert read_project(compose_folder(tmp_path, "compose.yml")).name == ""


def test_a_name_comes_from_the_variable_a_file_or_what_runs(replies: Path, tmp_path: Path) -> None:
    folder = compose_folder(tmp_path, "compose.yml")
    (replies / "running").write_text("shop_live\nshop_live\n")
    assert read_project(folder).name == "shop_live"
    (replies / "running").write_text("one\ntwo\n")
    assert read_project(folder).name == ""
    (folder / "compose.yml").write_text("services: {}\nx-tag: !reset null\nname: ${NAME}\n")
    found = read_project(folder)
    assert (found.name, found.name_from) == ("folder", "compose.yml: name")
    write_probe(replies, name="given")
    found = read_project(folder)
    assert (found.name, found.name_from) == ("given", "COMPOSE_PROJECT_NAME")


@pytest.mark.parametrize("text", ["services: {name: {image: x}}\n", "x: &a {name: b}\nservices: *a\n", "name_of: x\n", "[", "- name\n", ""])
def test_a_name_deeper_in_the_file_is_not_the_projects(replies: Path, tmp_path: Path, text: str) -> None:
    assert read_project(compose_folder(tmp_path, "compose.yml", text=text)).name == ""


def test_one_file_is_read_by_its_name_with_the_profiles(replies: Path, tmp_path: Path) -> None:
    folder = compose_folder(tmp_path, "stack.yml")
    assert read_project(folder / "stack.yml", ("full",)).files == ("stack.yml",)
    assert "compose --file stack.yml --profile=full config --format json" in (replies / "log").read_text()


def test_files_that_can_be_read_only_with_their_values_are_read_without_the_names(replies: Path, tmp_path: Path) -> None:
    (replies / "plain").unlink()
    assert read_project(compose_folder(tmp_path, "compose.yml")).unresolved == {}


def test_variables_without_a_value_are_reported(replies: Path, tmp_path: Path) -> None:
    (replies / "errors").write_text('time="…" level=warning msg="The \\"DB_USER\\" variable is not set. Defaulting to a blank string."\n')
    assert read_project(compose_folder(tmp_path, "compose.yml")).unset == ("DB_USER",)


@pytest.mark.parametrize(("message", "shown"), [
    ("validating /srv/compose.yml: services.a.image must be a string", "services.a.image must be a string"),
    ("yaml: line 3: did not find expected node content", "yaml: line 3: did not find expected node content"),
    ('required variable DB_PASSWORD is missing a value: set it', "required variable DB_PASSWORD is missing a value: set it"),
    ("env file /srv/.env not found: stat /srv/.env: no such file or directory", "env file /srv/.env not found"),
    ('failed to read /srv/.env: line 4: unterminated quoted value "hunter22', "failed to read /srv/.env: line 4"),
    ('failed to read /srv/.env: line 4: unexpected character "-" in variable name "API-KEY=hunter22\\nB=\\"c\\""', "line 4"),
    ('invalid interpolation format for services.web.environment.PW.\nYou may need to escape any $ with another $.\n"hunter22${"',
     "invalid interpolation format for services.web.environment.PW"),
    ("yaml: unmarshal errors: line 1: cannot unmarshal !!str `hunter22...` into cli.named", "line 1: cannot unmarshal !!str"),
    ("", "it gave no reason"),
])
def test_a_refusal_is_composes_own_message_without_a_value(replies: Path, tmp_path: Path, message: str, shown: str) -> None:
    (replies / "errors").write_text('time="now" level=warning msg="obsolete"\n' + message)
    (replies / "code").write_text("15")
    folder = compose_folder(tmp_path, "compose.yml")
    with pytest.raises(UsageError) as caught:
        read_project(folder)
    assert shown in caught.value.what
    assert "hunter22" not in str(caught.value)
    assert "obsolete" not in str(caught.value)
    assert (caught.value.where, caught.value.exit_code) == (str(folder / "compose.yml"), 2)
    assert "docker compose config" in caught.value.next_step


def test_a_reply_that_is_no_json_is_refused(replies: Path, tmp_path: Path) -> None:
    (replies / "model").write_text("services:\n")
    with pytest.raises(UsageError, match="not JSON"):
        read_project(compose_folder(tmp_path, "compose.yml"))


@pytest.mark.parametrize("message", [None, "docker: 'compose' is not a docker command.", 'unknown command: "docker compose"'])
def test_a_machine_without_compose_is_reported_plainly(replies: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                                   message: str | None) -> None:
    folder = compose_folder(tmp_path, "compose.yml")
    if message is None:
        monkeypatch.setenv("PATH", str(tmp_path))
    else:
        (replies / "docker").write_text(f"#!/bin/sh\necho '{message}' >&2; exit 1\n")
    with pytest.raises(DockerUnavailable) as caught:
        read_project(folder)
    assert "--server USER@HOST" in caught.value.next_step
    assert caught.value.exit_code == 4


def test_a_folder_that_may_not_be_read_is_an_error_and_no_traceback(replies: Path, tmp_path: Path) -> None:
    with pytest.raises(RunbookError):
        read_project(tmp_path / "gone" / "compose.yml")


def test_the_values_of_variables_are_asked_of_compose_and_missing_where_it_cannot_say(replies: Path, tmp_path: Path) -> None:
    folder = compose_folder(tmp_path, "compose.yml", text="services: {web: {image: 'web:${TAG:-1}'}}\n")
    (folder / ".env").write_text("export DB_PASSWORD='a$$b'\n# NOTHING=here\n")
    labels = {"DB_PASSWORD": "a$$b", "TAG": "2", "other": "x"}
    (replies / "probe").write_text(json.dumps({"services": {"probe": {"labels": labels}}}))
    assert variable_values(folder) == variable_values(folder / "compose.yml") == {"DB_PASSWORD": "a$b", "TAG": "2"}
    (replies / "probe").write_text("no reply")
    assert variable_values(folder) == {}
