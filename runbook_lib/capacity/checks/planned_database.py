"""PostgreSQL's planned settings next to those in force: what differs, what a role overrides, what waits. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from runbook_lib.capacity.checks.planned_value import PlannedValue, amount_of, ratio_of
from runbook_lib.capacity.checks.setting_effects import effect_of
from runbook_lib.capacity.facts.database_settings import DatabaseSetting, DatabaseSettings, Override
from runbook_lib.core.findings import not_applicable
from runbook_lib.environment import Environment
from runbook_lib.platform.facts.availability import DeclaredAbsent, Unanswered

DATABASE = "PostgreSQL"
_RESTART = "Then restart PostgreSQL: an outage of seconds, in a maintenance window."
_RELOAD = "Then: SELECT pg_reload_conf();"


def database_values(environment: Environment, settings: DatabaseSettings | Unanswered) -> Iterable[PlannedValue]:
    """Every planned setting, whether or not this server shows it."""
    if isinstance(settings, DeclaredAbsent):
        yield PlannedValue(DATABASE, "settings", "", None, None, absent=not_applicable("", settings.reason).measured)
        return
    if not environment.tuning.postgres.planned:
        yield PlannedValue(DATABASE, "settings", "", None, None, absent="tuning.postgres plans none")
    for name, planned in environment.tuning.postgres.planned.items():
        if isinstance(settings, Unanswered):
            yield PlannedValue(DATABASE, name, planned, None, None, note=settings.reason, change=settings.next_step)
            continue
        known = settings.setting(name)
        if known is None:
            yield PlannedValue(
                DATABASE, name, planned, None, None, note="this server does not show such a setting",
                change="An extension's setting is there only while its library is loaded (shared_preload_libraries); "
                       "another one is not of this version, or shown to a superuser alone.")
            continue
        yield _setting(known, planned, [one for one in settings.overrides if one.name == name], settings.role)


def _setting(known: DatabaseSetting, planned: str, overrides: list[Override], role: str) -> PlannedValue:
    there, wanted = amount_of(known.setting, known.unit), amount_of(planned, known.unit)
    good = abs(there - wanted) <= 1e-9 * max(abs(wanted), 1.0) if there is not None and wanted is not None else (
        known.value.strip().lower() == planned.strip().lower())
    ratio = ratio_of(there, wanted)
    notes = [f"overridden for {_whom(one)}: {one.value}" for one in overrides]
    if known.pending_restart:
        notes.append("another value is in the configuration and waits for a restart")
    changes = [_reset(one) for one in overrides] or [_line(known, planned)]
    if known.pending_restart:
        changes.append("Compare the file with the plan before the next restart of PostgreSQL: it brings another value.")
    return PlannedValue(DATABASE, known.name, planned, known.value, good, ratio, "; ".join(notes),
                        f"{' '.join(changes)} {effect_of(known.name, ratio)}".strip(),
                        waits=known.pending_restart or bool(overrides))


def _whom(one: Override) -> str:
    named = (("role", one.role), ("database", one.database))
    return " in ".join(f"{kind} {name}" for kind, name in named if name) or "every role"


def _reset(one: Override) -> str:
    def quoted(name: str) -> str:
        return '"' + name.replace('"', '""') + '"'

    if one.role and one.database:
        return f"ALTER ROLE {quoted(one.role)} IN DATABASE {quoted(one.database)} RESET {one.name};"
    if not one.role and not one.database:
        return f"ALTER ROLE ALL RESET {one.name};"
    return f"ALTER {'ROLE' if one.role else 'DATABASE'} {quoted(one.role or one.database)} RESET {one.name};"


def _line(known: DatabaseSetting, planned: str) -> str:
    if known.source == "command line":
        return f"It is set on the server's command line, by the Compose file: {known.name}={planned} there. {_RESTART}"
    after = _RESTART if known.context == "postmaster" else _RELOAD
    return (f"In postgresql.conf: {known.name} = '{planned}'; and where it was set there by ALTER SYSTEM: "
            f"ALTER SYSTEM RESET {known.name}; {after}")
