"""The environment files hold the staging plan completely, and say plainly what is wrong with them."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest
from pydantic import ValidationError

from runbook_lib.core.errors import EnvironmentInvalid
from runbook_lib.environment import Environment, load_environment, project

ENVIRONMENTS = Path(__file__).parents[3] / "parameters" / "environments"


@pytest.fixture(scope="module")
def staging() -> Environment:
    return load_environment(str(ENVIRONMENTS / "staging.yaml"))


def overlay(folder: Path, text: str, name: str = "mine.yaml") -> str:
    """An environment file in `folder` that says `text` on top of staging."""
    (folder / name).write_text(f"extends: {ENVIRONMENTS / 'staging.yaml'}\n" + dedent(text), encoding="utf-8")
    return str(folder / name)


def faults_of(path: str) -> list[str]:
    with pytest.raises(EnvironmentInvalid) as caught:
        load_environment(path)
    return [line.removeprefix(f"{path}: ") for line in caught.value.what.splitlines()]


# ── the plan ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("service", "title", "technology", "ports", "purpose"),
    [
        ("backend", "Backend API", "FastAPI (Python 3.11)", (8000,), "REST API & Business Logic"),
        ("frontend", "Frontend", "React 18 + Vite 5", (3000,), "User Interface"),
        ("postgres", "Database", "PostgreSQL 15", (5432,), "Primary Data Store"),
        ("redis", "Cache", "Redis 7", (6379,), "Session & Cache Layer"),
        ("nginx", "Reverse Proxy", "Nginx latest", (80, 443), "Load Balancing & SSL"),
        ("prometheus", "Prometheus", "Prometheus latest", (9090,), "Metrics Collection"),
        ("grafana", "Grafana", "Grafana latest", (3001,), "Monitoring Dashboards"),
    ],
)
def test_the_core_services_are_the_plans(
    staging: Environment, service: str, title: str, technology: str, ports: tuple[int, ...], purpose: str
) -> None:
    found = staging.services[service]
    assert (found.title, found.technology, found.ports, found.purpose) == (title, technology, ports, purpose)


@pytest.mark.parametrize(
    ("service", "cpus", "megabytes"),
    [("backend", 1, 512), ("frontend", 0.5, 256), ("postgres", 1, 1024), ("redis", 0.5, 512)],
)
def test_the_resource_limits_are_the_plans(staging: Environment, service: str, cpus: float, megabytes: int) -> None:
    assert staging.services[service].cpus == cpus
    assert staging.services[service].memory_bytes == megabytes * 1024 * 1024


def test_the_tuning_is_the_plans(staging: Environment) -> None:
    tuning = staging.tuning
    assert (tuning.backend.server, tuning.backend.workers, tuning.backend.pool_size) == ("Gunicorn", 4, 20)
    assert tuning.backend.cache_ttl_s == 5 * 60
    assert (tuning.postgres.max_connections, tuning.postgres.shared_buffers) == (100, "256MB")
    assert tuning.redis.maxmemory_policy == "allkeys-lru"
    assert tuning.frontend.nginx_workers == "auto"
    assert staging.rate_limit.requests_per_minute == 100
    assert staging.rate_limit.exempt == ()


def test_the_data_network_alone_is_cut_off_and_holds_the_stores_and_who_needs_them(staging: Environment) -> None:
    assert [name for name, network in staging.networks.items() if network.internal] == ["data"]
    members = {name for name, service in staging.services.items() if "data" in service.networks}
    assert members == {"postgres", "redis", "backend", "postgres-exporter", "redis-exporter"}
    assert [name for name, service in staging.services.items() if "public" in service.networks] == ["nginx"]


def test_the_plans_secrets_are_required_by_name(staging: Environment) -> None:
    server_side = {"STAGING_SECRET_KEY", "STAGING_JWT_SECRET", "STAGING_DB_PASSWORD"}
    ci_side = {"STAGING_SSH_KEY", "STAGING_HOST", "STAGING_USER"}
    assert {name for name in server_side if staging.secrets[name].side == "server"} == server_side
    assert {name for name, need in staging.secrets.items() if need.side == "ci"} == ci_side
    assert server_side | {"STAGING_JWT_REFRESH_SECRET", "STAGING_REDIS_PASSWORD"} <= set(staging.server_secrets)
    assert "STAGING_SLACK_WEBHOOK" not in staging.server_secrets


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


def test_the_alert_conditions_are_word_for_word_and_their_figures_agree(staging: Environment) -> None:
    found = [(c.condition, c.above, c.unit, c.for_s) for c in staging.alerts.conditions.values()]
    assert found == [
        ("API response time > 2s for 5 minutes", 2, "seconds", 300),
        ("Error rate > 5% for 2 minutes", 5, "percent", 120),
        ("CPU usage > 80% for 10 minutes", 80, "percent", 600),
        ("Memory usage > 90% for 5 minutes", 90, "percent", 300),
        ("Disk usage > 85%", 85, "percent", 0),
        ("Service unhealthy for 3 minutes", None, None, 180),
    ]
    channels = {channel.title: channel.optional for channel in staging.alerts.channels.values()}
    assert channels == {"Email notifications": False, "Slack webhook (optional)": True, "PagerDuty (optional)": True}


def test_the_checklists_are_word_for_word(staging: Environment) -> None:
    assert staging.checklists.pre_deployment == (
        "All tests passing in CI/CD",
        "Code review approved",
        "Database migration scripts reviewed",
        "Environment variables configured",
        "Secrets verified",
        "Backup verified",
        "Rollback plan documented",
    )
    assert staging.checklists.deployment == (
        "Deploy to staging",
        "Run database migrations",
        "Verify all services healthy",
        "Run smoke tests",
        "Check application logs",
        "Verify monitoring active",
    )
    assert staging.checklists.post_deployment == (
        "Monitor for 1 hour",
        "Verify no errors in logs",
        "Check performance metrics",
        "Test critical user flows",
        "Update deployment documentation",
        "Notify team of deployment",
    )


def test_success_rollback_and_escalation_are_the_plans(staging: Environment) -> None:
    assert staging.success.criteria == (
        "All services healthy",
        "API response time < 500ms (p95)",
        "Error rate < 1%",
        "All critical endpoints responding",
        "Database migrations applied successfully",
        "Frontend assets loaded correctly",
        "No critical errors in logs",
        "Monitoring dashboards showing green",
    )
    assert (staging.success.p95_ms, staging.success.error_rate_percent) == (500, 1)
    assert staging.rollback.triggers == (
        "Deployment health check failures",
        "API error rate > 10%",
        "Critical service unavailable",
    )
    assert staging.rollback.api_error_rate_percent == 10
    assert staging.watch.duration_s == 3600, "monitor for 1 hour"
    assert staging.contacts == {
        "DevOps Lead": "devops@example.com",
        "Backend Lead": "backend@example.com",
        "Frontend Lead": "frontend@example.com",
    }
    assert staging.escalation == (
        "Check monitoring dashboards",
        "Review application logs",
        "Contact on-call engineer",
        "Execute rollback if critical",
    )


def test_backup_logging_and_windows_are_the_plans(staging: Environment) -> None:
    backup = staging.backup
    assert (backup.frequency, backup.daily_at, backup.keep_days) == ("Daily at 2:00 AM UTC", "02:00", 30)
    assert (backup.directory, backup.database, backup.user) == ("/backups/postgres", "staging_db", "staging_user")
    assert backup.file_name == "staging_db_%Y%m%d_%H%M%S.sql.gz"
    assert (staging.logging.rotation, staging.logging.keep_days, staging.logging.compress) == ("daily", 30, True)
    windows = staging.windows
    assert (windows["weekly"].weekday, windows["weekly"].begins, windows["weekly"].ends) == ("Sunday", "02:00", "04:00")
    assert (windows["monthly"].week_of_month, windows["monthly"].ends) == (1, "06:00")
    assert windows["monthly"].schedule == "First Sunday of month 2:00-6:00 AM UTC"


def test_endpoints_and_monitored_metrics_are_the_plans(staging: Environment) -> None:
    assert list(staging.health.endpoints) == ["/health", "/api/v1/health", "/metrics"]
    assert staging.health.monitored == (
        "Request rate (req/s)",
        "Response time (p50, p95, p99)",
        "Error rate (%)",
        "CPU & Memory usage",
        "Database connection pool",
        "Cache hit/miss rate",
        "Active users",
    )
    assert list(staging.pipeline.stages) == [
        "Pre-deployment Validation",
        "Build & Test",
        "Deploy",
        "Post-deployment Verification",
    ]


def test_the_verification_load_stays_below_the_rate_limit(staging: Environment) -> None:
    assert staging.load.rate_per_s * 60 < staging.rate_limit.requests_per_minute


def test_coloured_services_run_under_the_live_colours_name(staging: Environment) -> None:
    running = staging.running_services("green")
    assert {"backend-green", "frontend-green", "nginx", "grafana"} <= set(running)
    assert "backend" not in running
    with pytest.raises(ValueError, match="blue, green"):
        staging.running_services("red")


# ── the files ────────────────────────────────────────────────────────────────────────────────────────────────────


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
        ("server: {directory: 'a b'}", "server.directory: should be an absolute path without spaces, got 'a b'"),
        (
            "public: {url: 'http://staging.example.com'}",
            "public.url: should be an address such as https://staging.example.com, without a path, "
            "got 'http://staging.example.com'",
        ),
    ],
)
def test_parts_that_cannot_be_right_are_refused(tmp_path: Path, text: str, fault: str) -> None:
    assert faults_of(overlay(tmp_path, text + "\n")) == [fault]


def test_a_fault_names_the_file_that_said_the_value(tmp_path: Path) -> None:
    base = overlay(tmp_path, "backup: {keep_days: many}\n", "base.yaml")
    (tmp_path / "mine.yaml").write_text("extends: base.yaml\nbackup: {keep_newest: 3}\n")
    with pytest.raises(EnvironmentInvalid) as caught:
        load_environment(str(tmp_path / "mine.yaml"))
    assert caught.value.what == f"{base}: backup.keep_days: should be a whole number of days, got 'many'"


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
        ("a: !!python/object/apply:os.system [id]\n", "is not YAML"),
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


def test_an_environment_cannot_be_changed(staging: Environment) -> None:
    with pytest.raises(ValidationError):
        staging.backup.keep_days = 1  # type: ignore[misc]


# ── the project's folders ────────────────────────────────────────────────────────────────────────────────────────


def test_the_root_is_named_found_upwards_or_our_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RUNBOOK_HOME", raising=False)
    monkeypatch.delenv("RUNBOOK_OUTPUTS", raising=False)
    (tmp_path / "parameters" / "environments").mkdir(parents=True)
    (tmp_path / "notebooks").mkdir()
    monkeypatch.chdir(tmp_path / "notebooks")
    assert project.root() == tmp_path
    monkeypatch.setenv("RUNBOOK_HOME", str(tmp_path / "elsewhere"))
    assert project.root() == tmp_path / "elsewhere"
    assert project.outputs() == tmp_path / "elsewhere" / "outputs"
    monkeypatch.setenv("RUNBOOK_OUTPUTS", str(tmp_path / "archive"))
    assert project.outputs() == tmp_path / "archive"


def test_outside_every_project_the_root_is_the_packages_own_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RUNBOOK_HOME", raising=False)
    monkeypatch.chdir(tmp_path)
    assert (project.root() / "runbook_lib/environment/project.py").is_file()
    assert (project.root() / "notebooks/00_start_here.ipynb").is_file()


def copied_project(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A project in `folder` with the environments of this one, and no lab."""
    environments = folder / "parameters" / "environments"
    environments.mkdir(parents=True)
    for file in ENVIRONMENTS.glob("*.yaml"):
        (environments / file.name).write_bytes(file.read_bytes())
    monkeypatch.setenv("RUNBOOK_HOME", str(folder))
