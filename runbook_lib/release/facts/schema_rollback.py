"""Going back to earlier code: can it live with the schema there is, and what would reversing migrations take away?"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from runbook_lib.core.questions import Connections, Question
from runbook_lib.environment import Environment
from runbook_lib.platform.facts.releases import Deployed
from runbook_lib.release.facts.compatibility import code_on_live_schema_of
from runbook_lib.release.facts.migrations import Migrations, parse_migrations
from runbook_lib.release.facts.repository import release_tree_of

DataChoice = Literal["keep", "downgrade", "restore"]
TAKES_AWAY = {"drop_column": 2, "drop_table": 1, "drop_constraint": 2, "drop_index": 2, "execute": 1}


@dataclass(frozen=True)
class WayBack:
    """What stands between the schema now and an earlier release.

    `compatible`: the earlier code works on the schema as it is; None when that is not known, `said` says why. `keeper`
    is a commit on the server whose migrations know the schema now and can reverse it. `takes_away` are the statements
    of those reversals that delete something, e.g. "drop column squads.region".
    """

    schema_now: str | None
    schema_of_code: str
    compatible: bool | None = True
    said: str = "the schema is the one that this release knows"
    keeper: str | None = None
    reverses: tuple[str, ...] = ()
    takes_away: tuple[str, ...] = ()

    @property
    def newer(self) -> bool:
        """Whether the schema is past what the earlier release knows."""
        return self.schema_now is not None and self.schema_now != self.schema_of_code


def way_back_of(
    environment: Environment, deployed: Deployed, commit: str, sources: Mapping[str, str], schema_now: str | None,
    *, database: DataChoice,
) -> Question[WayBack]:
    """The data question of a rollback to `commit`, whose source files are `sources`. Asks only what is not known yet.

    Where the schema is newer and the record does not say that this code was tried on it, that is done now, on a copy
    without a network and without rows: about half a minute.
    """
    theirs = parse_migrations(sources)
    head = theirs.heads[0] if len(theirs.heads) == 1 else ""
    known = {one.revision for one in theirs.revisions}

    def fetch(connections: Connections) -> WayBack:
        if schema_now is None:
            return WayBack(None, head, None, "the live schema cannot be read")
        if schema_now in known:
            older = "" if schema_now == head else f"; its migrations bring {schema_now} forward to {head}"
            return WayBack(schema_now, head, said=f"this release knows the schema {schema_now}{older}")
        if database == "restore":
            return WayBack(schema_now, head, None, "not asked: the backup's own schema is used")
        compatible, said = tried_before(deployed, commit, schema_now)
        if compatible is None:
            trial = code_on_live_schema_of(environment, commit, deployed.live_colour or "").fetch(connections)
            compatible = trial.compatible
            said = trial.message or f"a user of the earlier code can do everything on {schema_now}"
        if database == "keep":
            return WayBack(schema_now, head, compatible, said)
        keeper, migrations = _keeper(environment, deployed, schema_now, connections)
        reverses = _reversed(migrations, schema_now, known)
        lost = takes_away(sources_of(environment, keeper, connections), reverses) if keeper else ()
        return WayBack(schema_now, head, compatible, said, keeper, reverses, lost)

    return Question("the way back for the data", fetch)


def tried_before(deployed: Deployed, commit: str, schema: str) -> tuple[bool | None, str]:
    """Whether that code served on that schema, or was tried on it when the schema was deployed; else (None, "")."""
    on_it = [release for release in reversed(deployed.releases) if release.schema_revision == schema]
    for release in on_it:
        if release.commit == commit:
            return True, f"it passed its gates on {schema} on {release.at:%Y-%m-%d}, in run {release.run_id}"
        if release.compatible_with == commit:
            return True, f"it was tried on {schema} when {release.version} was deployed, in run {release.run_id}"
    return None, ""


def candidates(deployed: Deployed) -> tuple[str, ...]:
    """Commits whose image is on the server and that may know the newest schema, the likeliest first."""
    colours = (deployed.live_colour or "blue", "green", "blue")
    named = [deployed.variables.get(f"{colour.upper()}_COMMIT", "") for colour in colours]
    recorded = [release.commit for release in reversed(deployed.releases)]
    known = (one for one in (*named, *recorded) if one and f"gw2-backend:{one}" in deployed.images)
    return tuple(dict.fromkeys(known))


def takes_away(sources: Mapping[str, str], revisions: Iterable[str]) -> tuple[str, ...]:
    """What the `downgrade` functions of those revisions delete, in words; read from the source, nothing is run."""
    paths = {one.revision: one.path for one in parse_migrations(sources).revisions}
    texts = [sources[paths[revision]] for revision in revisions if revision in paths]
    return tuple(words for text in texts for words in _deleted_by(text))


def sources_of(environment: Environment, commit: str, connections: Connections) -> dict[str, str]:
    """The small text files of a commit that the server has."""
    return release_tree_of(environment, commit).fetch(connections).sources.files


def _keeper(
    environment: Environment, deployed: Deployed, schema_now: str, connections: Connections
) -> tuple[str | None, Migrations]:
    for commit in candidates(deployed)[:4]:
        migrations = parse_migrations(sources_of(environment, commit, connections))
        if schema_now in {one.revision for one in migrations.revisions}:
            return commit, migrations
    return None, Migrations(())


def _reversed(migrations: Migrations, schema_now: str, known: set[str]) -> tuple[str, ...]:
    """Revisions to be reversed to reach one that the earlier release knows, the newest first."""
    parents = {one.revision: one.parents for one in migrations.revisions}
    found, waiting = [], [schema_now]
    while waiting:
        revision = waiting.pop(0)
        if revision in parents and revision not in known and revision not in found:
            found.append(revision)
            waiting.extend(parents[revision])
    return tuple(found)


def _deleted_by(text: str) -> list[str]:
    functions = [one for one in ast.parse(text).body if isinstance(one, ast.FunctionDef) and one.name == "downgrade"]
    calls = [node for one in functions for node in ast.walk(one) if isinstance(node, ast.Call)]
    words = []
    for call in calls:
        name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
        if name in TAKES_AWAY:
            said = [one.value for one in call.args[: TAKES_AWAY[name]] if isinstance(one, ast.Constant)]
            words.append(f"{name.replace('_', ' ')} {'.'.join(str(one) for one in said) or '(read the migration)'}")
    return words
