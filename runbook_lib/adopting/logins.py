"""As which role, and into which database, services of a project log in: by the variables that they have."""

from __future__ import annotations

import re

from runbook_lib.adopting.project import FoundProject, FoundService

# DB_HOST, POSTGRESQL__HOST, db__hostname: the parts of one login begin alike
_HOST = re.compile(r"(?P<stem>.*?)(?:HOST|HOSTNAME|SERVER|ADDRESS)$", re.I)
# SPRING_DATASOURCE_URL, QUARKUS_DATASOURCE_JDBC_URL, KC_DB_URL: the address of JDBC names the role as a rule elsewhere
_ADDRESS = re.compile(r"(?P<stem>.*?)(?:JDBC_?)?UR[LI]$", re.I)
_USERS, _DATABASES = ("USER", "USERNAME", "LOGIN"), ("NAME", "DATABASE", "DB", "DBNAME", "DATABASE_NAME", "DB_NAME")


def logins_of(project: FoundProject, service: str) -> dict[tuple[str, str], str]:
    """Role and database of each login into the service, and the variables that hold it."""
    found: dict[tuple[str, str], str] = {}
    for one in project.services.values():
        if one.name == service:
            continue
        for name, value in one.variables.items():
            login = re.fullmatch(rf"postgres\w*(?:\+\w+)?://([^:@/\s]+)(?::[^@\s]*)?@{re.escape(service)}(?::\d+)?/(\w+)"
                                 r"(?:\?\S*)?", value)
            if login:
                found.setdefault((login[1], login[2]), f"{name} of {one.name}")
            elif parts := _by_jdbc(one, name, value, service) or _by_parts(one, name, value, service):
                found.setdefault(*parts)
    return found


def _by_jdbc(one: FoundService, name: str, value: str, service: str) -> tuple[tuple[str, str], str] | None:
    """Role and database of an address of JDBC, and of the variable that begins like its own; None without a role."""
    address = re.fullmatch(rf"jdbc:postgresql://{re.escape(service)}(?::\d+)?/(\w+)(?:\?(\S*))?", value)
    own = _ADDRESS.fullmatch(name)
    if address is None or own is None:
        return None
    inside = re.search(r"(?:^|&)user=(\w+)", address[2] or "")
    user = _first(one, own["stem"], _USERS)
    role = inside[1] if inside else one.variables.get(user, "").strip()
    by = name if inside else f"{user} and {name}"
    return ((role, address[1]), f"{by} of {one.name}") if role else None


def _first(one: FoundService, stem: str, ends: tuple[str, ...]) -> str:
    """The first variable that begins like `stem` and ends so; empty where there is none."""
    begins = {name.upper(): name for name in one.variables}
    return next((begins[f"{stem}{end}".upper()] for end in ends if f"{stem}{end}".upper() in begins), "")


def _by_parts(one: FoundService, host: str, value: str, service: str) -> tuple[tuple[str, str], str] | None:
    """Role and database of the variables that begin like that of the host; None where one of them is missing."""
    stem = _HOST.fullmatch(host)
    if stem is None or not re.fullmatch(rf"{re.escape(service)}(?::\d+)?", value):
        return None
    user, database = (_first(one, stem["stem"], ends) for ends in (_USERS, _DATABASES))
    role, base = one.variables.get(user, "").strip(), one.variables.get(database, "").strip()
    return ((role, base), f"{user} and {database} of {one.name}") if role and base else None
