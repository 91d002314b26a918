"""What a restore of this database needs that no dump carries, and what would stop it."""

from __future__ import annotations

from dataclasses import dataclass

from runbook_lib.core.errors import FactUnreadable
from runbook_lib.core.questions import Connections, Question
from runbook_lib.environment import Environment
from runbook_lib.recovery.facts.changed_members import ChangedMember, changed_members
from runbook_lib.recovery.facts.foreign_keys import ForeignKey, tried_keys
from runbook_lib.recovery.facts.left_out import LeftOut, left_out_of_dumps
from runbook_lib.recovery.facts.operators_without_schema import PrintedOperator, printed_operators
from runbook_lib.recovery.facts.pitfalls import Pitfall, restore_pitfalls
from runbook_lib.recovery.facts.reapplied import Computed, tried_expressions
from runbook_lib.recovery.facts.unique_keys import UniqueKey, tried_unique_keys

COUNT_TIMEOUT_S = 120.0  # about a second for ten million rows

_NEEDS = """
SELECT (SELECT coalesce(json_agg(json_build_object('name', extname, 'version', extversion,
               'available', default_version) ORDER BY extname), '[]')
          FROM pg_extension LEFT JOIN pg_available_extensions ON name = extname) AS extensions,
       (SELECT coalesce(json_agg(subname ORDER BY subname), '[]') FROM pg_subscription
         WHERE subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())) AS subscriptions,
       (SELECT coalesce(json_agg(slot_name ORDER BY slot_name), '[]') FROM pg_replication_slots
         WHERE database = current_database()) AS slots,
       (SELECT coalesce(json_agg(DISTINCT provider), '[]') FROM pg_seclabel) AS labels,
       (SELECT string_agg(version, ', and ') FROM (
            SELECT format('%s: %s, now %s', collname, collversion, pg_collation_actual_version(oid))
              FROM pg_collation
             WHERE collversion <> pg_collation_actual_version(oid)
               AND oid IN (SELECT unnest(indcollation::oid[]) FROM pg_index)
            UNION ALL SELECT made || ', now ' || now FROM (
            SELECT to_jsonb(d) ->> 'datcollversion' AS made,
                   -- as text: before 15 there was no such function
                   (SELECT word FROM ts_stat(CASE WHEN current_setting('server_version_num')::int < 150000
                        THEN 'SELECT NULL::tsvector' ELSE 'SELECT array_to_tsvector(
                        ARRAY[pg_database_collation_actual_version(oid)]) FROM pg_database
                        WHERE datname = current_database()
                        AND pg_database_collation_actual_version(oid) IS NOT NULL' END)) AS now
              FROM pg_database d WHERE datname = current_database()) AS versions WHERE made <> now)
            AS differing (version)) AS collation,
       -- what restores stage and retain belongs to this one, and postgres is every server's own
       (SELECT coalesce(json_agg(datname ORDER BY datname), '[]') FROM pg_database
         WHERE NOT datistemplate AND datname NOT IN (current_database(), 'postgres')
           AND datname !~ ('^' || current_database() || '_(restore|before)_[0-9]{8}_[0-9]{6}$')) AS others
"""
# Rows in an extension's own tables, which pg_dump leaves out unless the extension names a table as its configuration.
# Those that its script made come with it: the transaction that made the table a part of it wrote them. A table that was
# added to it by hand is not one of these: all of it is left out.
_UNSAVED = """
SELECT extname AS extension, format('%I.%I', nspname, relname) AS table,
       CASE WHEN has_table_privilege(c.oid, 'SELECT') AND has_schema_privilege(n.oid, 'USAGE') THEN (
           SELECT word::bigint FROM ts_stat(format(
               'SELECT array_to_tsvector(ARRAY[count(*)::text]) FROM ONLY %I.%I WHERE xmin::text <> %L',
               nspname, relname, d.xmin::text))) END AS rows
  FROM pg_extension e JOIN pg_depend d ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid
  JOIN pg_class c ON d.classid = 'pg_class'::regclass AND c.oid = d.objid JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE d.deptype = 'e' AND c.relkind = 'r' AND c.relpersistence <> 't' AND pg_relation_size(c.oid) > 0
   AND c.oid <> ALL (coalesce(e.extconfig, '{}'))
   AND NOT EXISTS (SELECT FROM pg_depend made WHERE made.classid = d.classid AND made.objid = d.objid
                      AND made.refclassid = 'pg_namespace'::regclass AND age(made.xmin) > age(d.xmin))
 ORDER BY 2
"""

@dataclass(frozen=True)
class Extension:
    """`available` is the version that CREATE EXTENSION would make; None where the server has no files of it."""

    name: str
    version: str
    available: str | None


@dataclass(frozen=True)
class Unsaved:
    """A table of an extension with rows that no dump carries; `rows` None: its owner does not let us count them."""

    extension: str
    table: str
    rows: int | None


@dataclass(frozen=True)
class Restorability:
    """What of the live database a dump leaves out, or a restore could not make again.

    `foreign_keys` and `unique_keys` are None where they could not be tried. `collation`: the versions of the sorting
    order with which the indexes were made and which the server has now, where they differ. `slots` are logical
    replication slots; `others` the databases of the same server that no backup of this one holds. `labels` are the
    providers of security labels; `left_out` what pg_dump takes for PostgreSQL's own; `operators` those that a dump has
    without their schema; `changed` members of extensions that a restore makes as the extension's script does;
    `pitfalls` what it stumbles on besides.
    """

    extensions: tuple[Extension, ...]
    subscriptions: tuple[str, ...]
    computed: tuple[Computed, ...]
    unsaved: tuple[Unsaved, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] | None = ()
    collation: str = ""
    others: tuple[str, ...] = ()
    unique_keys: tuple[UniqueKey, ...] | None = ()
    slots: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    operators: tuple[PrintedOperator, ...] = ()
    changed: tuple[ChangedMember, ...] = ()
    pitfalls: tuple[Pitfall, ...] = ()


def survey_restorability(environment: Environment, *, tries: bool = True) -> Question[Restorability]:
    """What a restore would need, and what would stop it; without `tries`, what one query of the catalogue shows.

    What PostgreSQL computes and checks again is tried in read-only transactions, as the database's owner, with a time
    limit each. Raises FactUnreadable.
    Source: PostgreSQL 15 manual, pg_extension, pg_available_extensions, pg_depend.
    """

    def fetch(connections: Connections) -> Restorability:
        database = connections.database
        try:
            (needs,) = database.rows(_NEEDS)
            computed = tried_expressions(database) if tries else ()
            unsaved = database.rows(_UNSAVED, timeout_s=COUNT_TIMEOUT_S) if tries else []
            return Restorability(
                tuple(Extension(one["name"], one["version"], one["available"]) for one in needs["extensions"]),
                tuple(needs["subscriptions"]), computed,
                tuple(Unsaved(one["extension"], one["table"], one["rows"]) for one in unsaved if one["rows"] != 0),
                tried_keys(database) if tries else (),
                str(needs.get("collation") or ""),
                tuple(map(str, needs.get("others") or ())),
                tried_unique_keys(database) if tries else (),
                tuple(map(str, needs.get("slots") or ())),
                tuple(map(str, needs.get("labels") or ())),
                left_out_of_dumps(database) if tries else (),
                printed_operators(database) if tries else (),
                changed_members(database) if tries else (),
                restore_pitfalls(database) if tries else (),
            )
        except (ValueError, KeyError, TypeError) as cause:
            raise FactUnreadable("What a restore would need could not be asked: PostgreSQL's reply lacks something.",
                                 where=environment.postgres.name, next_step="Run the notebook again.") from cause

    return Question("restorability", fetch)

