"""What a service is by its image: the usual ports, and the words for it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from runbook_lib.adopting.project import FoundService


@dataclass(frozen=True)
class Kind:
    """A well-known program: how its images are called, its port, and what it is for."""

    images: str
    technology: str
    purpose: str
    port: int


REVERSE_PROXY = "Reverse proxy"
DATABASE = Kind(r"postgres(ql)?|postgis|pgvector|timescaledb(-ha)?|postgresql-repmgr|pgvecto-rs", "PostgreSQL",
                "Database", 5432)
CACHE = Kind(r"redis(-stack(-server)?)?|valkey|keydb|dragonfly", "Redis", "Cache", 6379)
KINDS = (
    DATABASE, CACHE,
    Kind(r"mysql|mariadb|percona(-server)?", "MySQL", "Database", 3306),
    Kind(r"mongo(db)?", "MongoDB", "Database", 27017),
    Kind(r"nginx(-unprivileged)?", "Nginx", REVERSE_PROXY, 80),
    Kind(r"traefik", "Traefik", REVERSE_PROXY, 80),
    Kind(r"caddy", "Caddy", REVERSE_PROXY, 80),
    Kind(r"rabbitmq", "RabbitMQ", "Message queue", 5672),
    Kind(r"prom(etheus)?", "Prometheus", "Metrics", 9090),
    Kind(r"grafana(-oss|-enterprise)?", "Grafana", "Dashboards", 3000),
    Kind(r"alert-?manager", "Alertmanager", "Alerts", 9093),
    Kind(r"adminer", "Adminer", "Database in a browser", 8080),
    Kind(r"mailpit|mailhog|mailcatcher", "Mail catcher", "Mail that leaves no machine", 8025),
    Kind(r"minio", "MinIO", "Objects", 9000),
    Kind(r"elasticsearch|opensearch", "Elasticsearch", "Search", 9200),
)


def kind_of(service: FoundService) -> Kind | None:
    """What is known of the service's image; None where it is one of the project's own, or an unknown one."""
    name, _ = _name_and_tag(service.image)
    return next((kind for kind in KINDS if re.fullmatch(kind.images, name)), None) if not service.built_from else None


def technology_of(service: FoundService) -> str:
    """The program and its version in words: `PostgreSQL 16`, or what its image or its build says."""
    kind = kind_of(service)
    if kind is None:
        return "Built from the checkout" if service.built_from else service.image or "not known"
    version = re.match(r"v?(\d+(?:\.\d+)*)", _name_and_tag(service.image)[1])
    return f"{kind.technology} {version[1]}" if version else kind.technology


def is_database(service: FoundService) -> bool:
    """Whether it runs PostgreSQL: by its image, or by the variables and the volume of a build of its own."""
    data = any(one.target.startswith("/var/lib/postgresql") for one in service.volumes)
    return kind_of(service) is DATABASE or (data and "POSTGRES_PASSWORD" in service.variables)


def _name_and_tag(image: str) -> tuple[str, str]:
    """`registry:5000/team/postgres:16@sha256:…` as `postgres` and `16`."""
    name, _, tag = image.partition("@")[0].rpartition("/")[2].partition(":")
    return name.lower(), tag
