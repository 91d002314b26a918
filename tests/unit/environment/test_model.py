"""An environment as one value: it holds the plan, agrees with itself, and cannot be changed."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from runbook_lib.environment import Environment, load_environment
from tests.unit.environment_doubles import faults_of, overlay


def test_the_data_network_alone_is_cut_off_and_holds_the_stores_and_who_needs_them(staging: Environment) -> None:
    assert [name for name, network in staging.networks.items() if network.internal] == ["data"]
    members = {name for name, service in staging.services.items() if "data" in service.networks}
    assert members == {"postgres", "redis", "backend", "postgres-exporter", "redis-exporter"}
    assert [name for name, service in staging.services.items() if "public" in service.networks] == ["nginx"]


def test_the_variables_are_the_plans_but_for_the_written_decisions(staging: Environment) -> None:
    backend = staging.environment_files["backend/.env.staging"].variables
    assert backend["ACCESS_TOKEN_EXPIRE_MINUTES"] == "480"
    assert backend["REFRESH_TOKEN_EXPIRE_DAYS"] == "30"
    assert backend["DATABASE_URL"] == "postgresql://staging_user:${STAGING_DB_PASSWORD}@postgres:5432/staging_db"
    assert backend["LOG_FILE"] == "/var/log/gw2/backend.log"
    assert backend["METRICS_PORT"] == "8000", "decided: 9090 is Prometheus"
    assert "localhost" not in backend["BACKEND_CORS_ORIGINS"], "decided: HTTPS is enforced"
    assert backend["REDIS_URL"] == "redis://:${STAGING_REDIS_PASSWORD}@redis:6379/0", "decided: Redis has a password"
    assert staging.environment_files["frontend/.env.staging"].variables == {
        "VITE_API_URL": "https://staging.gw2wvwbuilder.example.com/api/v1",
        "VITE_ENVIRONMENT": "staging",
        "VITE_ENABLE_ANALYTICS": "false",
        "VITE_ENABLE_DEBUG": "false",
    }


def test_coloured_services_run_under_the_live_colours_name(staging: Environment) -> None:
    running = staging.running_services("green")
    assert {"backend-green", "frontend-green", "nginx", "grafana"} <= set(running)
    assert "backend" not in running
    with pytest.raises(ValueError, match="blue, green"):
        staging.running_services("red")


def test_the_first_contact_is_on_call(staging: Environment) -> None:
    assert staging.on_call == "DevOps Lead (devops@example.com)"
    assert staging.model_copy(update={"contacts": {}}).on_call == ""


def test_an_environment_cannot_be_changed(staging: Environment) -> None:
    with pytest.raises(ValidationError):
        staging.backup.keep_days = 1  # type: ignore[misc]


def test_an_environment_may_be_without_a_plans_chapters_that_people_read(tmp_path: Path) -> None:
    gone = ["plan_version", "target_release", "pipeline", "logging", "access", "maintenance"]
    mine = load_environment(overlay(tmp_path, "name: mine\nescalation: []\n" + "".join(f"{key}: null\n" for key in gone)))
    assert [getattr(mine, key) for key in gone] == [None] * len(gone)


def test_the_servers_secrets_are_the_required_ones_of_its_side(staging: Environment) -> None:
    assert "STAGING_DB_PASSWORD" in staging.server_secrets
    assert not {"STAGING_SSH_KEY", "STAGING_HOST"} & set(staging.server_secrets)


@pytest.mark.parametrize(("text", "differs"), [
    ("gate: {success_threshold: 4}", True), ("rollback: {minimum_requests: 51}", True), ("success: {p95_ms: 501}", True),
    ("gate: {page: {texts: [Hello]}}", True),
    ("contacts: {DevOps Lead: another@example.com}", False), ("server: {key_file: /home/ben/key}", False),
    ("public: {ca_file: /home/ben/ca.pem}", False), ("title: Another title", False),
])
def test_the_fingerprint_of_the_rules_covers_figures_and_not_the_operators_machine(
    tmp_path: Path, text: str, differs: bool
) -> None:
    changed = load_environment(overlay(tmp_path, text + "\n")).rules_fingerprint
    assert (changed != load_environment("staging").rules_fingerprint) is differs


def test_an_environment_that_extends_another_has_a_project_of_its_own(staging: Environment, tmp_path: Path) -> None:
    assert staging.project == "gw2-staging"
    second = load_environment(overlay(tmp_path, "name: second\n"))
    assert second.project == "gw2-second", "containers, volumes and schedules of two environments are never mixed up"
    named = load_environment(overlay(tmp_path, "name: third\ncompose: {project: gw2-staging}\n"))
    assert named.project == "gw2-staging", "another name for what runs already"


@pytest.mark.parametrize("text", ["name: a.b", "name: _a\ncompose: {project: '{name}'}", f"name: a{'b' * 40}",
                                  "compose: {project: -gw2}"])
def test_a_project_that_compose_does_not_take_is_refused_by_its_key(tmp_path: Path, text: str) -> None:
    assert any("compose.project: Compose does not take" in fault for fault in faults_of(overlay(tmp_path, text)))


@pytest.mark.parametrize("project", ["Gw2", "gw2 x", "gw2.x", "{nam}", "", "gw2/x", "$(id)"])
def test_a_project_with_other_characters_is_refused(tmp_path: Path, project: str) -> None:
    assert any(fault.startswith("compose.project: ") for fault in faults_of(overlay(tmp_path, f"compose: {{project: '{project}'}}")))


@pytest.mark.parametrize(("compose", "fault"), [
    ("files: []", "compose.files: should not be empty"),
    ("files: [/etc/compose.yml]", "compose.files.0: should be a path below the project's folder of A-Z a-z 0-9 . _ - /, "
                                  "without a slash in front, got '/etc/compose.yml'"),
    ("files: [a.yml, deploy/../../b.yml]", "compose.files.1: should be a plain path such as deploy/compose.yml, got "
                                           "'deploy/../../b.yml'"),
    ("files: [a.yml, deploy/]", "compose.files.1: should be a plain path such as deploy/compose.yml, got 'deploy/'"),
    ("files: [a.yml, b.yml, a.yml]", "compose.files: a.yml is named twice"),
    ("files: a.yml", "compose.files: should be a list, got 'a.yml'"),
    ("profiles: [green]", "compose.profiles: green is a colour of the release, and is active when that has the traffic"),
    ("file: [a.yml]", "compose.file: unknown key; did you mean 'files'?"),
])
def test_compose_files_and_profiles_that_cannot_be_used_are_refused(tmp_path: Path, compose: str, fault: str) -> None:
    assert fault in faults_of(overlay(tmp_path, f"compose: {{{compose}}}\n"))


def test_a_profile_of_an_absent_service_is_not_active(staging: Environment, tmp_path: Path) -> None:
    assert staging.profiles == ("grafana",)
    text = "services: {grafana: {required: false, absent_reason: none}}\ncompose: {profiles: [grafana, mail]}\n"
    assert load_environment(overlay(tmp_path, text)).profiles == ("mail",)
