"""The settings that PostgreSQL works with, and who overrides them: a role, a database, or both."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from runbook_lib.core.errors import FactUnreadable
from runbook_lib.core.questions import Connections, Question
from runbook_lib.core.text import printable
from runbook_lib.environment import Environment

DEADLINE_S = 10.0
# Names are those of the environment file, whose form is checked there. What is not in pg_settings is not known to this
# server, or is only shown to a superuser.
_SETTINGS = """
SELECT name, current_setting(name, true) AS value, setting, coalesce(unit, '') AS unit, vartype AS kind, source,
       context, pending_restart
  FROM pg_settings WHERE name IN ({names})
"""
# No other names: what a role sets for itself may be anything, secrets too.
_OVERRIDES = """
SELECT coalesce(r.rolname, '') AS role, coalesce(d.datname, '') AS database,
       split_part(one, '=', 1) AS name, substr(one, strpos(one, '=') + 1) AS value
  FROM pg_db_role_setting s
       CROSS JOIN LATERAL unnest(s.setconfig) AS one
       LEFT JOIN pg_roles r ON r.oid = s.setrole
       LEFT JOIN pg_database d ON d.oid = s.setdatabase
 WHERE split_part(one, '=', 1) IN ({names})
   AND (s.setdatabase = 0 OR d.datname = current_database())
 ORDER BY 3, 1, 2
"""
_VERSION = "SELECT current_setting('server_version_num')::int AS version, current_user::text AS role"


@dataclass(frozen=True)
class DatabaseSetting:
    """One setting as in force for the environment's own role and database. `value` is as SHOW prints it; `setting` is
    the same as a number of `unit`s. `source` and `context` are PostgreSQL's words: where it comes from, and when a
    change counts."""

    name: str
    value: str
    setting: str
    unit: str = ""
    kind: str = "string"
    source: str = "default"
    context: str = "user"
    pending_restart: bool = False


@dataclass(frozen=True)
class Override:
    """A setting that a role or a database (or a role in a database) has for itself; empty: every one."""

    role: str
    database: str
    name: str
    value: str


@dataclass(frozen=True)
class DatabaseSettings:
    """`version` is PostgreSQL's number (150004); `role` is who asked."""

    version: int
    role: str
    settings: tuple[DatabaseSetting, ...]
    overrides: tuple[Override, ...] = ()

    def setting(self, name: str) -> DatabaseSetting | None:
        """The setting of this name; None where the server does not show one."""
        return next((one for one in self.settings if one.name == name), None)


def survey_settings(environment: Environment, *, timeout_s: float = DEADLINE_S) -> Question[DatabaseSettings]:
    """Every planned setting as in force in a session of the environment's own role. Raises FactUnreadable.

    Source: PostgreSQL 15 manual, pg_settings, pg_db_role_setting.
    """

    def fetch(connections: Connections) -> DatabaseSettings:
        database, names = connections.database, _quoted(environment.tuning.postgres.planned or ("",))
        try:
            [about] = database.rows(_VERSION, timeout_s=timeout_s)
            return DatabaseSettings(
                int(about["version"]), printable(about["role"]),
                tuple(_setting(one) for one in database.rows(_SETTINGS.format(names=names), timeout_s=timeout_s)),
                tuple(Override(*(printable(one[key]) for key in ("role", "database", "name", "value")))
                      for one in database.rows(_OVERRIDES.format(names=names), timeout_s=timeout_s)))
        except (KeyError, TypeError, ValueError) as cause:
            raise FactUnreadable("PostgreSQL's reply about its settings lacks something.",
                                 next_step="Run the notebook again.") from cause

    return Question("database settings", fetch)


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)


def _setting(row: dict[str, object]) -> DatabaseSetting:
    value = row["value"] if row["value"] is not None else row["setting"]
    return DatabaseSetting(str(row["name"]), printable(value), printable(row["setting"]), str(row["unit"]),
                           str(row["kind"]), str(row["source"]), str(row["context"]), row["pending_restart"] is True)
