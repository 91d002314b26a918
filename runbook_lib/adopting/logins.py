"""As which role, and into which database, services of a project log in: by the variables that they have."""

from __future__ import annotations

import re

from runbook_lib.adopting.project import FoundProject, FoundService

# DB_HOST, POSTGRESQL__HOST, db__hostname: the parts of one login begin alike
_HOST = re.compile(r"(?P<stem>.*?)(?:HOST|HOSTNAME|SERVER|ADDRESS)$", re.I)
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
            elif re.fullmatch(rf"{re.escape(service)}(?::\d+)?", value) and (parts := _by_parts(one, name)):
                found.setdefault(*parts)
    return found


def _by_parts(one: FoundService, host: str) -> tuple[tuple[str, str], str] | None:
    """Role and database of the variables that begin like that of the host; None where one of them is missing."""
    stem = _HOST.fullmatch(host)
    if stem is None:
        return None
    begins = {name.upper(): name for name in one.variables}
    user, database = (next((begins[f"{stem['stem']}{end}".upper()] for end in ends
                            if f"{stem['stem']}{end}".upper() in begins), "") for ends in (_USERS, _DATABASES))
    role, base = one.variables.get(user, "").strip(), one.variables.get(database, "").strip()
    return ((role, base), f"{user} and {database} of {one.name}") if role and base else None
