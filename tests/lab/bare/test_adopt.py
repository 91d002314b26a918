"""`runbook adopt` with the real Docker Compose: files as people write them, refusals, and a folder that stays as it was."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml

from runbook_lib.adopting.adopt import adopt_folder
from runbook_lib.core.errors import UsageError

SECRET, DOLLARS = "it's a \"hidden\" word", "pa$$w0rd-of-ours"
FILES = {
    ".env": f"COMPOSE_PROJECT_NAME=shop_live\nDB_USER='shop grocer'\nDB_PASSWORD=\"{SECRET.replace(chr(34), chr(92) + chr(34))}\"\n"
            "PORT=8080\nexport SPACED = x\n",
    "web.env": f"SECRET_KEY='{DOLLARS}'\nMODE=\"a b\"\n",
    "common.yml": "services:\n  base:\n    image: ours/web:1\n    env_file: web.env\n",
    "more.yml": "services:\n  cache: {image: 'valkey/valkey:8', profiles: [full]}\n",
    "compose.yml": """
include: [more.yml]
x-logging: &logging {driver: json-file}
x-limits: &limits {deploy: {resources: {limits: {cpus: "0.5", memory: 256M}}}}
services:
  "web app": &web
    extends: {file: common.yml, service: base}
    <<: *limits
    logging: *logging
    environment: {DATABASE_URL: "postgres://u:${DB_PASSWORD}@db/shop"}
    ports: ["${PORT:-80}:8000"]
    healthcheck: {test: ["CMD", "curl", "-fs", "http://localhost:8000/up"]}
    volumes: ["./up loads:/srv/uploads", "media:/srv/media"]
  db:
    image: postgres:16
    environment: {POSTGRES_PASSWORD: "${DB_PASSWORD:?wanted}", POSTGRES_DB: shop, POSTGRES_USER: grocer}
    healthcheck: {test: "PGPASSWORD=${DB_PASSWORD} pg_isready"}
    volumes: ["data:/var/lib/postgresql/data"]
volumes: {data: {}, media: {}}
""".replace('"web app"', "web"),
}


def state_of(folder: Path) -> dict[str, tuple[bytes, int, int]]:
    return {str(path.relative_to(folder)): (path.read_bytes() if path.is_file() else b"", path.lstat().st_mtime_ns, path.lstat().st_mode)
            for path in [folder, *sorted(folder.rglob("*"))]}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "my shop"
    folder.mkdir()
    for name, text in FILES.items():
        (folder / name).write_text(text)
    (folder / "compose.override.yml").symlink_to(tmp_path / "override.yml")
    (tmp_path / "override.yml").write_text("services: {web: {environment: {DEBUG: '1'}}}\n")
    (folder / "alembic.ini").write_text("[alembic]\n")
    return folder


def test_a_folder_becomes_a_draft_without_a_secret_and_stays_as_it_was(project: Path) -> None:
    before = state_of(project)
    made = adopt_folder(project, "shop")
    assert state_of(project) == before
    draft = yaml.safe_load(made.text)
    assert draft["compose"] == {"project": "shop_live", "files": ["compose.yml", "compose.override.yml"], "existing": True}
    assert draft["database"] == {"service": "db", "name": "shop", "owner": "grocer"}
    assert draft["cache"] == {"service": "TODO"}
    assert (draft["services"]["web"]["cpus"], draft["services"]["web"]["memory"]) == (0.5, "256MB")
    assert list(draft["health"]["endpoints"]) == ["/up"]
    assert {"DB_PASSWORD", "SECRET_KEY"} <= set(draft["secrets"])
    assert not [one for one in (SECRET, "hidden", DOLLARS, "w0rd", str(project)) if one in made.text]


def test_files_of_variables_are_read_as_they_are_given_and_named_in_the_draft(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As `--env-file` or COMPOSE_ENV_FILES: the last one counts, the folder's own is not read, and no value is shown."""
    (project / "a.env").write_text("COMPOSE_PROJECT_NAME=other\nDB_USER=grocer\nDB_PASSWORD=first-of-two\n")
    (project / "deploy").mkdir()
    (project / "deploy/b.env").write_text(f"COMPOSE_PROJECT_NAME=shop_b\nDB_PASSWORD='{DOLLARS}'\n")
    made = adopt_folder(project, "shop", env_files=("a.env", "deploy/b.env"))
    compose = yaml.safe_load(made.text)["compose"]
    assert (compose["project"], compose["env_files"]) == ("shop_b", ["a.env", "deploy/b.env"])
    assert not [one for one in (DOLLARS, "w0rd", "first-of-two") if one in made.text]
    monkeypatch.setenv("COMPOSE_ENV_FILES", "a.env")
    compose = yaml.safe_load(adopt_folder(project, "shop").text)["compose"]
    assert (compose["project"], compose["env_files"]) == ("other", ["a.env"])


def test_active_profiles_are_those_that_were_named(project: Path) -> None:
    draft = yaml.safe_load(adopt_folder(project, "shop", ("full",)).text)
    assert (draft["compose"]["profiles"], draft["cache"]) == (["full"], {"service": "cache"})


@pytest.mark.parametrize(("name", "text", "message"), [
    ("compose.yml", "services:\n  a:\n    image: [\n", "line 3"),
    ("compose.yml", "services: {a: {image: 3}}\n", "services.a.image"),
    ("compose.yml", "services: {a: {image: a, env_file: gone.env}}\n", "gone.env"),
    ("compose.yml", "services: {a: {extends: {file: gone.yml, service: b}}}\n", "gone.yml"),
    ("compose.yml", "include: [gone.yml]\nservices: {}\n", "gone.yml"),
    ("compose.yml", "services: {a: {image: '${NAME:?is wanted}'}}\n", "NAME"),
    (".env", f"COMPOSE_PROJECT_NAME=a\nPW=\"{DOLLARS}\n", "line"),
    # filled in where no secret belongs, its value is quoted
    ("compose.yml", "services: {a: {image: a, ports: ['${DB_PASSWORD}:80']}}\n", "Invalid"),
    ("compose.yml", "services: {a: {image: a, cpus: '${DB_PASSWORD}'}}\n", "cpus"),
])
def test_what_compose_refuses_is_reported_in_its_own_words(project: Path, name: str, text: str, message: str) -> None:
    (project / "compose.override.yml").unlink()
    (project / name).write_text(text)
    with pytest.raises(UsageError) as caught:
        adopt_folder(project, "shop")
    assert message in caught.value.what
    assert not [one for one in ("w0rd", "hidden") if one in str(caught.value)]


def test_a_huge_file_and_a_link_to_the_compose_file_are_read(project: Path, tmp_path: Path) -> None:
    services = "".join(f"  s{number}: {{image: 'ours/{number}:1'}}\n" for number in range(400))
    (tmp_path / "big.yml").write_text(f"name: big\nservices:\n{services}{'# filler' * 200_000}\n")
    for name in ("compose.yml", "compose.override.yml", ".env"):
        (project / name).unlink()
    os.symlink(tmp_path / "big.yml", project / "compose.yml")
    draft = yaml.safe_load(adopt_folder(project, "shop").text)
    assert len(draft["services"]) == 400
    assert draft["compose"]["project"] == "big"
