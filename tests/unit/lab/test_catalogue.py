"""The catalogue of releases: complete, broken in one way each, and consistent in what it expects."""

from __future__ import annotations

import ast
import subprocess
from pathlib import Path

import pytest

from lab.__main__ import main
from lab.catalogue import STEPS, TRIGGERS, verdict_of
from lab.repository import Release, build_repository, releases
from runbook_lib.contract.types import validator_for
from runbook_lib.core.errors import PASSED, REFUSED

CATALOGUE = {release.tag: release for release in releases()}
# every defect that must be covered
DEFECTS = {
    "the database is published": "broken-published-port",
    "users are refused with 429": "broken-rate-limit",
    "a blank page with status 200": "broken-blank-page",
    "all users are logged out": "broken-sessions-cut",
    "a list that held rows is empty": "broken-empty-list",
    "nginx does not take its configuration": "broken-nginx-configuration",
    "PostgreSQL does not take its configuration": "broken-postgres-configuration",
    "Redis does not take its configuration": "broken-redis-configuration",
    "Prometheus does not take its configuration": "broken-prometheus-configuration",
    "Alertmanager does not take its configuration": "broken-alertmanager-configuration",
    "Grafana does not take its configuration": "broken-grafana-configuration",
    "does not build": "broken-build",
    "migration fails half-way": "broken-migration-half-way",
    "migration hangs on a lock": "broken-migration-lock",
    "crash loop": "broken-crash-loop",
    "healthy endpoint but database unreachable": "broken-database-unreachable",
    "/health constant while a dependency is down": "broken-health-constant",
    "15 % of API requests answer 500": "broken-server-errors",
    "p95 above 2 s": "broken-slow-api",
    "memory leak into the OOM killer": "broken-memory-leak",
    "starts slowly but is good": "slow-start",
    "frontend assets missing": "broken-assets",
    "wrong commit served (stale image)": "broken-stale-commit",
    "configuration file changed only": "configuration-only",
    "migration that the old code is not compatible with": "broken-migration-incompatible",
    "code that checks its schema when it starts": "schema-check",
    "schema that the old code runs on and cannot start on": "broken-schema-check",
}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("repository")
    build_repository(path)
    return path


def git(path: Path, *words: str) -> str:
    return subprocess.run(("git", *words), cwd=path, check=True, capture_output=True, text=True).stdout.strip()


def changed(built: Path, release: Release) -> list[str]:
    return git(built, "diff", "--name-only", release.base, release.tag).splitlines()


@pytest.mark.parametrize("defect", DEFECTS)
def test_every_defect_has_a_tag(defect: str) -> None:
    assert DEFECTS[defect] in CATALOGUE


def test_every_tag_covers_a_listed_defect() -> None:
    assert set(CATALOGUE) - {"v3.2.0"} == set(DEFECTS.values())


@pytest.mark.parametrize("release", CATALOGUE.values(), ids=list(CATALOGUE))
def test_the_expected_outcome_uses_the_runbooks_terms(release: Release) -> None:
    expected = release.expect
    assert verdict_of(release) in ("passed", "refused", "failed and rolled back")
    assert set(expected.stopped_at) <= set(STEPS)
    assert set(expected.triggers) <= set(TRIGGERS)
    # what is refused stops before its first step
    assert bool(expected.stopped_at) == (expected.exit_code not in (PASSED, REFUSED))
    assert expected.live == (release.tag if expected.exit_code == 0 else release.base)
    assert release.tag == "v3.2.0" or release.why


@pytest.mark.parametrize("release", CATALOGUE.values(), ids=list(CATALOGUE))
def test_only_a_broken_release_is_named_broken(release: Release) -> None:
    assert release.tag.startswith("broken-") == (release.expect.exit_code != 0)


@pytest.mark.parametrize("release", CATALOGUE.values(), ids=list(CATALOGUE))
def test_after_a_rollback_the_schema_is_the_one_the_live_release_expects(release: Release) -> None:
    assert release.expect.schema_revision == CATALOGUE[release.expect.live].schema_revision


@pytest.mark.parametrize("release", CATALOGUE.values(), ids=list(CATALOGUE))
def test_the_runbooks_accept_the_tag_as_a_ref(release: Release) -> None:
    assert validator_for("ref")(release.tag) == release.tag


@pytest.mark.parametrize("release", CATALOGUE.values(), ids=list(CATALOGUE))
def test_a_release_is_one_patch_that_changes_something(built: Path, release: Release) -> None:
    assert len(release.patches) == 1
    assert changed(built, release)


@pytest.mark.parametrize("release", CATALOGUE.values(), ids=list(CATALOGUE))
def test_no_release_changes_installed_packages(built: Path, release: Release) -> None:
    names = {Path(name).name for name in changed(built, release)}
    assert not names & {"requirements.txt", "package.json", "package-lock.json", "Dockerfile"}


@pytest.mark.parametrize("tag", sorted(set(CATALOGUE) - {"broken-build"}))
def test_only_the_release_that_does_not_build_has_a_syntax_error(built: Path, tag: str) -> None:
    for name in git(built, "ls-tree", "-r", "--name-only", tag, "backend/app", "backend/migrations").splitlines():
        if name.endswith(".py"):
            ast.parse(git(built, "show", f"{tag}:{name}"), name)


def test_the_release_that_does_not_build_has_a_syntax_error(built: Path) -> None:
    (name,) = changed(built, CATALOGUE["broken-build"])
    with pytest.raises(SyntaxError):
        ast.parse(git(built, "show", f"broken-build:{name}"), name)


@pytest.mark.parametrize("release", CATALOGUE.values(), ids=list(CATALOGUE))
def test_only_releases_with_another_schema_revision_have_a_migration(built: Path, release: Release) -> None:
    base = CATALOGUE.get(release.base)
    migrates = release.schema_revision != (base.schema_revision if base else "0002")
    assert any("/versions/" in name for name in changed(built, release)) == migrates


def test_a_changed_configuration_changes_no_code(built: Path) -> None:
    assert {name.partition("/")[0] for name in changed(built, CATALOGUE["configuration-only"])} == {"nginx"}


def test_the_catalogue_is_printed_with_every_tag(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    assert main(["catalogue"]) == 0
    shown = capsys.readouterr().out
    assert all(tag in shown for tag in CATALOGUE)
