"""What is wrong with an environment file: every fault at once, with its file, its key and what it should be."""

from __future__ import annotations

from pathlib import Path

import pytest

from runbook_lib.core.errors import EnvironmentInvalid
from runbook_lib.environment import load_environment
from tests.unit.environment_doubles import faults_of, overlay
from tests.unit.shop_environment import shop

PATH = "an absolute path of A-Z a-z 0-9 . _ - / (cron and nginx read it without quotes)"


def test_every_fault_is_reported_with_its_file_its_key_and_what_it_should_be(tmp_path: Path) -> None:
    path = overlay(
        tmp_path,
        """
        backup: {keep_days: seven, keep_dayz: 3, daily_at: 2:00}
        server: {port: "22", hots: x}
        services:
          redis: {memory: 512}
          nginx: {critcal: true}
        secrets: {lower: {needed_by: [backend], minimum_length: 0, side: cloud}}
        """,
    )
    assert sorted(faults_of(path)) == [
        "backup.daily_at: should be a time in UTC such as 02:00, got '2:00'",
        "backup.keep_days: should be a whole number of days, got 'seven'",
        "backup.keep_dayz: unknown key; did you mean 'keep_days'?",
        "secrets.lower.minimum_length: should be at least 1, got 0",
        "secrets.lower.side: should be one of 'server' or 'ci', got 'cloud'",
        "secrets.lower: should be a NAME in capitals, digits and underscores, got 'lower'",
        "server.hots: unknown key; did you mean 'host'?",
        "server.port: should be a whole number, got '22'",
        "services.nginx.critcal: unknown key; did you mean 'critical'?",
        "services.redis.memory: should be text, got 512",
    ]


def test_an_unknown_key_at_the_top_is_refused_with_a_suggestion(tmp_path: Path) -> None:
    assert faults_of(overlay(tmp_path, "chekclists: {}\n")) == ["chekclists: unknown key; did you mean 'checklists'?"]


def test_a_key_of_version_0_1_0_is_refused_with_its_new_name(tmp_path: Path) -> None:
    path = overlay(tmp_path, """
        configuration_backup: {no_uploads_because: none}
        gate: {passes: 3}
        rollback: {failing_looks: 3}
        services: {nginx: {absent_because: none}}
        """)
    assert sorted(faults_of(path)) == [
        "configuration_backup.no_uploads_because: unknown key; it is now called 'no_uploads_reason'",
        "gate.passes: unknown key; it is now called 'success_threshold'",
        "rollback.failing_looks: unknown key; it is now called 'failure_threshold'",
        "services.nginx.absent_because: unknown key; it is now called 'absent_reason'",
    ]


def test_a_key_that_moved_is_refused_with_its_new_place(tmp_path: Path) -> None:
    assert sorted(faults_of(overlay(tmp_path, "backup: {database: shop, user: shopkeeper}\n"))) == [
        "backup.database: unknown key; it is now called 'database.name'",
        "backup.user: unknown key; it is now called 'database.owner'",
    ]


@pytest.mark.parametrize(("text", "named"), [("gate: {passes: 3}\n", True), ("backup: {user: a}\n", True), ("gate: {pases: 3}\n", False)])
def test_a_file_of_an_earlier_version_names_the_page_about_the_upgrade(tmp_path: Path, text: str, named: bool) -> None:
    with pytest.raises(EnvironmentInvalid) as refused:
        load_environment(overlay(tmp_path, text))
    assert ("docs/how-to/upgrade.md" in refused.value.next_step) is named
    assert (Path(__file__).parents[3] / "docs/how-to/upgrade.md").exists()


def test_a_missing_key_is_named(tmp_path: Path) -> None:
    (tmp_path / "empty.yaml").write_text("name: empty\n")
    faults = faults_of(str(tmp_path / "empty.yaml"))
    assert "backup: is missing" in faults
    assert "server: is missing" in faults


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("services: {redis: {networks: [dta]}}", "services.redis.networks: there is no network 'dta'"),
        (
            "services: {grafana: {required: false}}",
            "services.grafana: required and absent_reason go together; say why the service is absent, or require it",
        ),
        (
            "environment_files: {backend/.env.staging: {variables: {TOKEN: '${NOPE}'}}}",
            "environment_files.backend/.env.staging.variables.TOKEN: ${NOPE} is not among the secrets",
        ),
        ("gate: {success_threshold: 100}", "gate: 100 probes every 5 s do not fit into 180 s"),
        (
            "windows: {weekly: {ends: '01:00'}}",
            "windows.weekly: ends at 01:00, which is not after it begins at 02:00",
        ),
        ("gate: {success_threshold: true}", "gate.success_threshold: should be a whole number, got true"),
        ("backup: {keep_days: 30.5}", "backup.keep_days: should be a whole number of days, got 30.5"),
        ("rollback: {api_error_rate_percent: 110}", "rollback.api_error_rate_percent: should be at most 100, got 110"),
        ("server: {directory: 'a b'}", f"server.directory: should be {PATH}, got 'a b'"),
        ("server: {directory: /opt/büro}", f"server.directory: should be {PATH}, got '/opt/büro'"),
        (
            "public: {url: 'ftp://staging.example.com'}",
            "public.url: should be an address such as https://staging.example.com, without a path, "
            "got 'ftp://staging.example.com'",
        ),
    ],
)
def test_parts_that_cannot_be_right_are_refused(tmp_path: Path, text: str, fault: str) -> None:
    assert faults_of(overlay(tmp_path, text + "\n")) == [fault]


def test_a_fault_names_the_file_that_set_the_value(tmp_path: Path) -> None:
    base = overlay(tmp_path, "backup: {keep_days: many}\n", "base.yaml")
    (tmp_path / "mine.yaml").write_text("extends: base.yaml\nbackup: {keep_newest: 3}\n")
    with pytest.raises(EnvironmentInvalid) as caught:
        load_environment(str(tmp_path / "mine.yaml"))
    assert caught.value.what == f"{base}: backup.keep_days: should be a whole number of days, got 'many'"


def test_a_list_whose_entries_are_refused_is_not_called_empty() -> None:
    """A slip in the two steps of a smoke test was reported twice: as unknown keys, and as no step at all."""
    steps = [{"name": "look", "path": "/", "expect": 200}]
    with pytest.raises(EnvironmentInvalid) as refused:
        shop(smoke={"service": "web", "steps": steps})
    assert "smoke.steps.0.expect: unknown key" in refused.value.what and "should not be empty" not in refused.value.what
    with pytest.raises(EnvironmentInvalid) as refused:
        shop(smoke={"service": "web", "steps": []})
    assert "smoke.steps: should not be empty" in refused.value.what
