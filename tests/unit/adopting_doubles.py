"""A small Compose project as Compose would resolve it, for the tests of adopting."""

from __future__ import annotations

import copy
from typing import Any

from runbook_lib.adopting.project import FoundProject, idle_services, networks_of, services_of

FOLDER = "/home/anna/shop"
PASSWORD, KEY = "hunter2-of-the-database", "a-long-and-secret-django-key"
MODEL: dict[str, Any] = {
    "name": "shop",
    "networks": {"default": {"name": "shop_default", "ipam": {}}, "inner": {"internal": True}},
    "services": {
        "db": {
            "image": "docker.io/library/postgres:16-alpine",
            "environment": {"POSTGRES_USER": "shopkeeper", "POSTGRES_DB": "shop", "POSTGRES_PASSWORD": PASSWORD},
            "healthcheck": {"test": ["CMD-SHELL", f"PGPASSWORD={PASSWORD} pg_isready -U shopkeeper"]},
            "networks": {"inner": None},
            "volumes": [{"type": "volume", "source": "data", "target": "/var/lib/postgresql/data"}],
        },
        "web": {
            "build": {"context": f"{FOLDER}/web", "dockerfile": "Dockerfile"},
            "environment": {"DATABASE_URL": f"postgresql://shopkeeper:{PASSWORD}@db/shop", "SECRET_KEY": KEY, "DEBUG": "0"},
            "deploy": {"resources": {"limits": {"cpus": 0.5, "memory": "268435456"}}},
            "healthcheck": {"test": ["CMD", "curl", "-f", "http://localhost:8000/up?full=1"]},
            "ports": [{"mode": "ingress", "target": 8000, "published": "80", "protocol": "tcp"}],
            "networks": {"default": None, "inner": None},
            "volumes": [{"type": "volume", "source": "media", "target": "/srv/media"},
                        {"type": "bind", "source": f"{FOLDER}/settings.toml", "target": "/etc/settings.toml"},
                        {"type": "bind", "source": "/srv/logs", "target": "/var/log/web"}],
        },
    },
}
UNRESOLVED: dict[str, Any] = copy.deepcopy(MODEL)
UNRESOLVED["services"]["db"]["environment"]["POSTGRES_PASSWORD"] = "${DB_PASSWORD:?}"
UNRESOLVED["services"]["web"]["environment"] |= {"DATABASE_URL": "postgresql://shopkeeper:${DB_PASSWORD}@db/shop"}
UNRESOLVED["services"]["cache"] = {"image": "redis:7", "profiles": ["full"]}


def found_project(change: dict[str, Any] | None = None, **more: Any) -> FoundProject:
    """The project, with services that replace those of the same name; one that is None is left out."""
    model, unresolved = copy.deepcopy(MODEL), copy.deepcopy(UNRESOLVED)
    for name, service in (change or {}).items():
        for one in (model, unresolved):
            one["services"].pop(name, None)
            if service is not None:
                one["services"][name] = service
    given = {"source": "compose.yml", "files": ("compose.yml",), "folder": FOLDER} | more
    return FoundProject(services=services_of(model, unresolved, FOLDER), networks=networks_of(model),
                        idle=idle_services(model, unresolved), **given)
