"""The data question of a rollback: does the earlier code work on the schema, and what would a downgrade delete?"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Literal

from runbook_lib.core.questions import Connections, Question
from runbook_lib.environment import Environment
from runbook_lib.platform.facts.releases import Deployed
from runbook_lib.recovery.facts.data_loss import DataLoss
from runbook_lib.release.facts.compatibility import earlier_code_on_live_schema
from runbook_lib.release.facts.migrations import Migrations, parse_migrations
from runbook_lib.release.facts.repository import inspect_release

DataChoice = Literal["keep", "downgrade", "restore"]
# alembic's operations that delete something → how many of their arguments name what
DESTRUCTIVE_ARGUMENTS = {"drop_column": 2, "drop_table": 1, "drop_constraint": 2, "drop_index": 2, "execute": 1}
MOST_IMAGES = 4  # older ones do not know a schema that newer ones do not


@dataclass(frozen=True)
class SchemaRollback:
    """What stands between the schema now and an earlier release.

    `compatible`: the earlier code works on the schema as it is; None when that is not known, `explanation` has why.
    `migration_image` is a commit whose image on the server has the migrations that made this schema, and can reverse
    them. `destructive_operations` are what those reversals delete, e.g. "drop column orders.region". `no_database`: why
    there is no schema.
    """

    schema_now: str | None
    schema_of_code: str
    compatible: bool | None = True
    explanation: str = "the schema is the one that this release knows"
    migration_image: str | None = None
    reverses: tuple[str, ...] = ()
    destructive_operations: tuple[str, ...] = ()
    no_database: str = ""

    @property
    def newer(self) -> bool:
        """Whether the schema is past what the earlier release knows."""
        return self.schema_now is not None and self.schema_now != self.schema_of_code

    def data_impact(self, database: DataChoice, loss: DataLoss | None = None) -> str:
        """What happens to the data with that choice, in a sentence; `loss` is what a restore would lose."""
        if database == "restore" and loss is not None:
            return loss.sentence
        if database == "downgrade" and self.newer:
            deleted = ", ".join(self.destructive_operations) or "nothing that its source names"
            return (
                f"The schema is downgraded from {self.schema_now} to {self.schema_of_code}, which means: {deleted}. "
                "The contents of these columns and tables are lost; a verified backup is taken first. All other rows "
                "stay."
            )
        return f"No row is lost: the data stay as they are. {self.explanation[:1].upper()}{self.explanation[1:]}."


def schema_rollback(
    environment: Environment, deployed: Deployed, commit: str, sources: Mapping[str, str], schema_now: str | None,
    *, database: DataChoice,
) -> Question[SchemaRollback]:
    """The data question of a rollback to `commit`, whose files are `sources`: asks only what is not known yet.

    Where the schema is newer and the release history does not show that this code was verified on it, that is done
    now, on a copy without a network and without rows: half a minute. Raises FactUnreadable when that has no result.
    """
    folder = environment.release.folder_of(environment.release.api)
    own = parse_migrations(sources, folder)
    head = own.heads[0] if len(own.heads) == 1 else ""
    known = {one.revision for one in own.revisions}

    def fetch(connections: Connections) -> SchemaRollback:
        if schema_now is None or environment.release.replaced:  # other code knows no address of a copy
            return _not_compared(environment, head)
        if schema_now in known:
            older = "" if schema_now == head else f"; its migrations bring {schema_now} forward to {head}"
            return SchemaRollback(schema_now, head, explanation=f"this release knows the schema {schema_now}{older}")
        if database == "restore":
            return SchemaRollback(schema_now, head, None, "not tested: the backup's own schema is used")
        compatible, explanation = previously_verified(deployed, commit, schema_now)
        if compatible is None:
            test = earlier_code_on_live_schema(environment, commit, deployed.live_colour or "").fetch(connections)
            compatible = test.compatible
            explanation = test.message or f"a user of the earlier code can do everything on {schema_now}"
        if database == "keep":
            return SchemaRollback(schema_now, head, compatible, explanation)
        image, migrations = _migration_image(environment, deployed, schema_now, connections)
        reverses = _reversed(migrations, schema_now, known)
        deleted = destructive_operations(sources_of(environment, image, connections), reverses, folder) if image else ()
        return SchemaRollback(schema_now, head, compatible, explanation, image, reverses, deleted)

    return Question("the earlier code and the live schema", fetch)


def _not_compared(environment: Environment, head: str) -> SchemaRollback:
    absent = environment.no_database_reason
    explanation = f"there is no database ({absent})" if absent else _why_not_known(environment)
    return SchemaRollback(None, head, None, explanation, no_database=absent)


def _why_not_known(environment: Environment) -> str:
    if reason := environment.without.get("migrations"):
        return f"no migrations are declared ({reason}), and so the schema's revision is not known"
    return "nothing but its replies shows whether the earlier code works on the schema as it is" \
        if environment.release.replaced else "the live schema cannot be read"


def previously_verified(deployed: Deployed, commit: str, schema: str) -> tuple[bool | None, str]:
    """Whether that code was live on that schema, or was verified when the schema was deployed; else (None, "")."""
    on_it = [release for release in reversed(deployed.releases) if release.schema_revision == schema]
    for release in on_it:
        if release.commit == commit:
            how = f"passed its gates on schema {schema} on {release.at:%Y-%m-%d}"
        elif release.compatible_with == commit:
            how = f"was verified on schema {schema} when {release.version} was deployed"
        else:
            continue
        return True, f"the earlier code {how}, in run {release.run_id}"
    return None, ""


def candidates(environment: Environment, deployed: Deployed) -> tuple[str, ...]:
    """Commits whose image is on the server and that may know the newest schema, the likeliest first."""
    colours = (deployed.live_colour or "blue", "green", "blue")
    named = [deployed.variables.get(f"{colour.upper()}_COMMIT", "") for colour in colours]
    recorded = [release.commit for release in reversed(deployed.releases)]
    image_of = partial(environment.release.image_of, environment.release.api)
    known = (one for one in (*named, *recorded) if one and image_of(one) in deployed.images)
    return tuple(dict.fromkeys(known))


def destructive_operations(
    sources: Mapping[str, str], revisions: Iterable[str], folder: str = ""
) -> tuple[str, ...]:
    """What the `downgrade` functions of those revisions delete, in words; read from the source, nothing is executed."""
    paths = {one.revision: one.path for one in parse_migrations(sources, folder).revisions}
    texts = [sources[paths[revision]] for revision in revisions if revision in paths]
    return tuple(words for text in texts for words in _deleted_by(text))


def sources_of(environment: Environment, commit: str, connections: Connections) -> dict[str, str]:
    """The small text files of a commit that the server has."""
    return inspect_release(environment, commit).fetch(connections).sources.files


def _migration_image(
    environment: Environment, deployed: Deployed, schema_now: str, connections: Connections
) -> tuple[str | None, Migrations]:
    for commit in candidates(environment, deployed)[:MOST_IMAGES]:
        migrations = parse_migrations(sources_of(environment, commit, connections),
                                      environment.release.folder_of(environment.release.api))
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
        if name in DESTRUCTIVE_ARGUMENTS:
            named = [one.value for one in call.args[: DESTRUCTIVE_ARGUMENTS[name]] if isinstance(one, ast.Constant)]
            words.append(f"{name.replace('_', ' ')} {'.'.join(str(one) for one in named) or '(read the migration)'}")
    return words
