"""What a service is by its image: the usual ports, and the words for it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from runbook_lib.adopting.project import FoundService


@dataclass(frozen=True)
class Kind:
    """A well-known program: how its images are called, its port, and what it is for."""

    images: str
    technology: str
    purpose: str
    port: int


REVERSE_PROXY = "Reverse proxy"
OLDEST_POSTGRES = 14
OWN_VERSIONS = r"postgres(ql)?|postgis"  # images whose tag begins with PostgreSQL's version
DATABASE = Kind(r"postgres(ql)?|postgis|pgvector|timescaledb(-ha)?|postgresql-repmgr|pgvecto-rs", "PostgreSQL",
                "Database", 5432)
CACHE = Kind(r"redis(-stack(-server)?)?|valkey|keydb|dragonfly", "Redis", "Cache", 6379)
KINDS = (
    DATABASE, CACHE,
    Kind(r"mysql(-server)?|mariadb|percona(-server)?", "MySQL", "Database", 3306),
    Kind(r"mongo(db)?", "MongoDB", "Database", 27017),
    Kind(r"nginx(-unprivileged)?", "Nginx", REVERSE_PROXY, 80),
    Kind(r"traefik", "Traefik", REVERSE_PROXY, 80),
    Kind(r"caddy", "Caddy", REVERSE_PROXY, 80),
    Kind(r"nginx-proxy|docker-gen", "nginx-proxy", REVERSE_PROXY, 80),
    Kind(r"nginx-proxy-manager|haproxy|envoy|swag", "Reverse proxy", REVERSE_PROXY, 80),
    Kind(r"rabbitmq", "RabbitMQ", "Message queue", 5672),
    Kind(r"prom(etheus)?", "Prometheus", "Metrics", 9090),
    Kind(r"grafana(-oss|-enterprise)?", "Grafana", "Dashboards", 3000),
    Kind(r"alert-?manager", "Alertmanager", "Alerts", 9093),
    Kind(r"adminer", "Adminer", "Database in a browser", 8080),
    Kind(r"phpmyadmin", "phpMyAdmin", "Database in a browser", 80),
    Kind(r"smtp|postfix|exim-relay|docker-mailserver|mailserver", "Mail", "Mail", 25),
    Kind(r"mailpit|mailhog|mailcatcher|maildev", "Mail catcher", "Mail that leaves no machine", 8025),
    Kind(r"minio", "MinIO", "Objects", 9000),
    Kind(r"elasticsearch|opensearch", "Elasticsearch", "Search", 9200),
    Kind(r"kibana|opensearch-dashboards", "Kibana", "Search in a browser", 5601),
    Kind(r"meilisearch", "Meilisearch", "Search", 7700),
    Kind(r"typesense", "Typesense", "Search", 8108),
    Kind(r"memcached", "Memcached", "Cache in memory", 11211),
    Kind(r"(cp-)?kafka|redpanda", "Kafka", "Message queue", 9092),
    Kind(r"(cp-)?zookeeper", "ZooKeeper", "Coordination", 2181),
    Kind(r"nats", "NATS", "Message queue", 4222),
    Kind(r"clickhouse(-server)?", "ClickHouse", "Events", 8123),
    Kind(r"influxdb", "InfluxDB", "Measurements", 8086),
    Kind(r"pgbouncer", "PgBouncer", "Connections to the database", 6432),
    Kind(r"pgadmin4?", "pgAdmin", "Database in a browser", 80),
    Kind(r"tika", "Tika", "Text of documents", 9998),
    Kind(r"gotenberg", "Gotenberg", "Documents as PDF", 3000),
    Kind(r"seaweedfs|garage", "SeaweedFS", "Objects", 8333),
    Kind(r"loki|promtail", "Loki", "Logs", 3100),
    Kind(r"node-exporter|cadvisor|postgres-exporter|redis_exporter", "Exporter", "Metrics", 9100),
    Kind(r"watchtower|autoheal", "Watchtower", "Restarts of containers", 8080),
    Kind(r"certbot|acme-companion|letsencrypt-nginx-proxy-companion", "Certbot", "Certificates", 80),
    Kind(r"jaeger|all-in-one|zipkin|tempo|opentelemetry-collector(-contrib)?", "Jaeger", "Traces", 16686),
    Kind(r"postgres-backup-local|postgres-backup-s3|pgbackups", "Backups", "Backups of the database", 8080),
    Kind(r"docker-socket-proxy|cloudflared|ofelia|coturn|browserless|chrome", "Helper", "What others need", 8080),
)
# what applications use, and no application of its own
SERVING_OTHERS = ("Database", "Cache", "Cache in memory", "Message queue", "Objects", "Search", "Mail",
                  "Mail that leaves no machine", "Database in a browser", "Search in a browser",
                  "Connections to the database", "Backups of the database", "What others need")
# data of their own that 30 does not save, next to those of PostgreSQL
KEEPING_DATA = ("Database", "Events", "Measurements", "Objects")
# mail, shells and names: no port that a browser asks
NOT_FOR_BROWSERS = {21, 22, 25, 53, 110, 143, 465, 587, 993, 995}
# at the end of a name: `redis-worker` is none
_OWN_DATA = re.compile(r"(?:^|[-_.])(?:mongo(?:db)?|mysql|mariadb|postgres(?:ql)?|redis|valkey|memcached|rabbitmq|"
                       r"kafka|zookeeper|elasticsearch|opensearch|clickhouse|influxdb|minio)\d*$", re.I)
_OF_DATABASE = {"POSTGRES_PASSWORD", "POSTGRES_PASSWORD_FILE", "POSTGRES_HOST_AUTH_METHOD"}


def kind_of(service: FoundService) -> Kind | None:
    """What is known of the service's image; None where it is one of the project's own, or an unknown one."""
    return _kind_called(_name_and_tag(service.image)[0]) if not service.built_from else None


@cache  # each service is compared with all others again and again: of 400 that took a minute
def _kind_called(name: str) -> Kind | None:
    return next((kind for kind in KINDS if re.fullmatch(kind.images, name)), None)


def keeps_data(service: FoundService) -> bool:
    """Whether it is called like a program that keeps data, in an image of its owners' own: `mongo`, `auth-mysql`."""
    image = _name_and_tag(service.image)[0]
    return bool(_OWN_DATA.search(service.name) or (_OWN_DATA.search(image) and not service.published))


def technology_of(service: FoundService) -> str:
    """The program and its version in words: `PostgreSQL 16`, or what its image or its build says."""
    kind = kind_of(service)
    if kind is None:
        return "Built from the checkout" if service.built_from else service.image or "not known"
    version = re.match(r"v?(\d+(?:\.\d+)*)", _name_and_tag(service.image)[1])
    return f"{kind.technology} {version[1]}" if version else kind.technology


def postgres_version(service: FoundService) -> int | None:
    """PostgreSQL's major version by the image's tag; None where that is not known."""
    if not is_database(service) or service.built_from:
        return None
    name, tag = _name_and_tag(service.image)
    # an extension's own version may come first: 2.13.1-pg14
    found = re.search(r"pg(\d\d)\b", tag) or (re.match(r"(\d+)", tag) if re.fullmatch(OWN_VERSIONS, name) else None)
    return int(found[1]) if found else None


def is_database(service: FoundService) -> bool:
    """Whether it runs PostgreSQL: by its image, or by the variables and the volume of one that has another name."""
    data = any(one.target.startswith("/var/lib/postgresql") for one in service.volumes)
    return kind_of(service) is DATABASE or (data and bool(_OF_DATABASE & set(service.variables)))


def _name_and_tag(image: str) -> tuple[str, str]:
    """`registry:5000/team/postgres:16@sha256:…` as `postgres` and `16`."""
    name, _, tag = image.partition("@")[0].rpartition("/")[2].partition(":")
    return name.lower(), tag
