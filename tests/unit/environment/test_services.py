"""What runs on the server: the staging plan, completely, and how services are named."""

from __future__ import annotations

import pytest

from runbook_lib.environment import Environment, load_environment
from runbook_lib.environment.services import needed_by, service_by_technology


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


@pytest.mark.parametrize(("name", "containers"), [("backend", ("backend-blue", "backend-green")), ("redis", ("redis",))])
def test_only_a_coloured_service_runs_under_two_names(staging: Environment, name: str, containers: tuple[str, ...]) -> None:
    assert staging.services[name].containers(name) == containers


def test_users_reach_a_service_at_its_last_port(staging: Environment) -> None:
    assert staging.services["nginx"].port == 443


def test_what_a_service_needs_is_followed_to_its_end_nearest_first(staging: Environment) -> None:
    assert needed_by(staging.services, "nginx") == ("frontend", "backend", "postgres", "redis")
    assert needed_by(staging.services, "redis") == ()


def test_a_service_is_found_by_what_it_is_made_with_whatever_it_is_called() -> None:
    services = load_environment("staging").services
    assert service_by_technology(services, "grafana") == "grafana"
    renamed = {"charts": services["grafana"], "prometheus": services["prometheus"]}
    assert service_by_technology(renamed, "Grafana") == "charts"
    assert service_by_technology({"prometheus": services["prometheus"]}, "Grafana") is None
    # an exporter's technology names what it watches, not what it is
    assert service_by_technology(services, "Nginx") == "nginx"
