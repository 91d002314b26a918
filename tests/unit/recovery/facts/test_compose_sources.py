"""Which files a Compose file names in turn: a backup without them brings back a project that Compose refuses."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from runbook_lib.recovery.facts.compose_sources import named_by_compose, secrets_named_by_compose


def named(files: dict[str, str], *first: str, filled: Mapping[str, str] | None = None) -> list[str]:
    return list(named_by_compose(first or ("compose.yml",), files.get, lambda name, env_files: (filled or {}).get(name, "")))


def as_written(name: str, env_files: tuple[str, ...]) -> str:
    return name


@pytest.mark.parametrize("text", [
    "include: [db.yml]\n",
    "include:\n  - db.yml\n",
    "include:\n  - path: db.yml\n    env_file: db.env\n",
    "include:\n  - path: [./db.yml, other/../db.yml]\n",
    "services:\n  api:\n    extends: {file: db.yml, service: base}\n",
    "x-base: &base\n  extends:\n    file: db.yml\n    service: base\nservices:\n  api:\n    <<: *base\n    image: x\n",
    "services:\n  api:\n    ports: !override []\n    image: !reset null\ninclude: [db.yml]\n",
    "configs:\n  one:\n    file: ./db.yml\n",
])
def test_included_extended_and_given_files_are_named(text: str) -> None:
    assert named({"compose.yml": text, "db.yml": "services: {}\n"}) == ["db.yml"]


def test_what_is_named_in_turn_is_read_from_its_own_folder() -> None:
    files = {"compose.yml": "include: [parts/a.yml]\n", "parts/a.yml": "services: {a: {extends: {file: ../b.yml, service: b}}}\n",
             "b.yml": "include: [compose.yml, parts/a.yml]\n"}
    assert named(files) == ["b.yml", "parts/a.yml"]


def test_a_file_of_another_project_is_named_by_its_way_there() -> None:
    assert named({"compose.yml": "include: [../shared/db.yml]\n", "../shared/db.yml": ""}) == ["../shared/db.yml"]


@pytest.mark.parametrize("text", [
    "", "services: {}\n", "- a\n", "just text", "include:\n", "include: [absent.yml]\n",
    "include: ['https://git.example.com/a.git', 'oci://r/x', 'git@host:a.git']\n", "services: {api: {extends: base}}\n",
    "services: {api: {env_file: db.yml}}\nsecrets: {one: {file: db.yml}}\n", "a: [\n", "a: b\x01\n", "[" * 5000,
    "services: [a]\nconfigs: b\n", "services: {api: &a {<<: *a}}\n",
])
def test_what_names_no_file_of_the_project_is_left_alone(text: str) -> None:
    assert named({"compose.yml": text, "db.yml": ""}) == []


@pytest.mark.parametrize(("written", "name"), [
    ("include: ['${PART}.yml']\n", "${PART}.yml"),
    ("include: [{path: ['parts/${PART:?set it}/db.yml'], env_file: other.env}]\n", "parts/${PART:?set it}/db.yml"),
    ("services: {api: {extends: {file: '$BASE', service: b}}}\n", "$BASE"),
    ("configs: {one: {file: '${WHERE:-a/../b}/one.conf'}}\n", "${WHERE:-a/../b}/one.conf"),
])
def test_a_name_with_variables_is_the_file_that_compose_reads_and_as_written_where_none_knows(written: str, name: str) -> None:
    """Such files were in no backup, and not a word said so."""
    files = {"compose.yml": written, "db.yml": ""}
    assert named(files, filled={name: "./parts/../db.yml"}) == ["db.yml"]
    assert named(files, filled={name: "absent.yml"}) == named(files, filled={name: "https://git.example.com/a.git"}) == []
    assert named(files) == [name]


def test_a_file_with_variables_in_its_name_is_read_like_others_and_those_below_it_from_its_folder() -> None:
    files = {"compose.yml": "include: ['${PART}/a.yml']\n", "parts/a.yml": "include: ['$OTHER', b.yml]\n", "parts/b.yml": ""}
    assert named(files, filled={"${PART}/a.yml": "parts/a.yml"}) == ["parts/$OTHER", "parts/a.yml", "parts/b.yml"]


def test_circles_end_and_what_aliases_repeat_is_never_built() -> None:
    bomb = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12))
    assert named({"compose.yml": f"{bomb}include: [a.yml]\n", "a.yml": "include: [a.yml, compose.yml]\n"}) == ["a.yml"]


def test_files_with_secrets_are_named_of_every_compose_file_and_read_of_none() -> None:
    texts = {
        "compose.yml": "include: [parts/db.yml]\nservices:\n  web: {env_file: [web.env, {path: ./more.env, required: false}]}\n"
                       "  api: {env_file: '${FILE}'}\nsecrets: {one: {file: secrets/one.txt}, two: {environment: TWO}}\n",
        "parts/db.yml": "services: {db: {env_file: db.env}}\n",
    }
    asked: list[str] = []

    def read(path: str) -> str | None:
        asked.append(path)
        return texts.get(path)

    assert secrets_named_by_compose(("compose.yml",), read, as_written) == (
        "${FILE}", ".env", "more.env", "parts/.env", "parts/db.env", "secrets/one.txt", "web.env")
    assert set(asked) == set(texts)
    assert secrets_named_by_compose(("compose.yml",), {"compose.yml": "a: ["}.get, as_written) == (".env",)


PARTS = {
    # a project's own variables come before those of what it includes. Source: Docker Compose 2.26, asked
    "compose.yml": "include: [sub/part.yml, {path: [other/a.yml, other/b.yml], project_directory: sub/deep, env_file: [other/vars.env]}]\n",
    "sub/part.yml": "services: {one: {extends: {file: 'base-${B}.yml'}, env_file: 'one-${B}.env'}}\n", "sub/base-sub.yml": "{}",
    "other/a.yml": "include: [z.yml]\nservices: {two: {env_file: two.env}}\n", "other/b.yml": "configs: {c: {file: c.ini}}\n",
    "other/z.yml": "{}", "sub/deep/z.yml": "{}", "other/c.ini": "", "sub/deep/c.ini": "",
}


def test_of_several_files_of_variables_the_last_one_counts() -> None:
    """Those that `--env-file` is given, and those of what is included."""
    asked: dict[str, tuple[str, ...]] = {}

    def filled(name: str, env_files: tuple[str, ...]) -> str:
        asked[name] = env_files
        return name.replace("${A}", "1")

    files = {"compose.yml": "include: [{path: 'sub/${A}.yml', env_file: [one.env, two.env]}]\n",
             "sub/1.yml": "services: {a: {env_file: '${A}.env'}}\n"}
    assert secrets_named_by_compose(("compose.yml",), files.get, filled, ("a.env", "/etc/b.env")) == (
        "/etc/b.env", "a.env", "one.env", "sub/1.env", "two.env")
    assert asked == {"sub/${A}.yml": ("/etc/b.env", "a.env"), "sub/${A}.env": ("/etc/b.env", "a.env", "two.env", "one.env")}


def test_what_is_included_has_a_folder_and_variables_of_its_own() -> None:
    """All were filled in from the project's `.env`, and looked for next to the file: neither backed up nor named."""
    values: dict[tuple[str, tuple[str, ...]], str] = {
        ("sub/base-${B}.yml", (".env", "sub/.env")): "sub/base-sub.yml", ("sub/one-${B}.env", (".env", "sub/.env")): "sub/one-sub.env"}

    def filled(name: str, env_files: tuple[str, ...]) -> str:
        return values[name, env_files]

    assert named_by_compose(("compose.yml",), PARTS.get, filled) == (
        "other/a.yml", "other/b.yml", "sub/base-sub.yml", "sub/deep/c.ini", "sub/deep/z.yml", "sub/part.yml")
    assert secrets_named_by_compose(("compose.yml",), PARTS.get, filled) == (
        ".env", "other/vars.env", "sub/.env", "sub/deep/.env", "sub/deep/two.env", "sub/one-sub.env")
