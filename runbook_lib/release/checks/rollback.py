"""Is this rollback possible, with this answer to the data question? Only what is necessary is required. Pure."""

from __future__ import annotations

from dataclasses import replace

from runbook_lib.core.findings import Finding, Verdict, finding, not_applicable
from runbook_lib.environment import Environment
from runbook_lib.platform.facts.releases import Deployed
from runbook_lib.release.checks.file_migrations import named
from runbook_lib.release.checks.kept_volumes import volumes_are_kept
from runbook_lib.release.checks.service_settings import data_folder_is_kept
from runbook_lib.release.facts.repository import ReleaseTree
from runbook_lib.release.facts.rollback_targets import RollbackTarget
from runbook_lib.release.facts.schema_rollback import DataChoice, SchemaRollback

FITS = "the earlier code works on the schema"
BEFORE = "The gates verify it before users are on it, and roll back if it fails."
ON_IT = "Its gate decides, with users on it already, and undoes the rollback where the code does not work."
KEPT = "no file was changed on the server that the release changes"


def rollback_preconditions(
    environment: Environment, deployed: Deployed, choice: RollbackTarget, tree: ReleaseTree, schema: SchemaRollback, *,
    database: DataChoice,
) -> tuple[Finding, ...]:
    """The commit is available, the server has its secrets, data are found again, and code and schema will fit."""
    return (
        finding("its commit is available", tree.commit is not None, measured=tree.problem or choice.release.commit[:12],
                expected="in the checkout or at the origin", next_step="Choose another release from the table."),
        _images(choice),
        *(_kept(tree) if deployed.replaced else _secrets(deployed, environment.compose.secrets_file)),
        _schema(_with_files(schema, tree), database, _why_not_reversed(deployed, tree),
                gate=ON_IT if deployed.replaced else BEFORE),
        *_compose_files(tree),
        *_volumes(tree, environment),
    )


def _volumes(tree: ReleaseTree, environment: Environment) -> tuple[Finding, ...]:
    config = tree.sources.compose
    return (*volumes_are_kept(config, tree.mounted, environment),
            *data_folder_is_kept(config, tree.running, environment)) if config is not None and config.valid else ()


def _images(choice: RollbackTarget) -> Finding:
    check, measured = "its images are on the server", "yes" if choice.image else "missing"
    if choice.release.was_found:
        # it was found running: what it was built from is not known
        return finding(check, choice.image, measured=measured, expected="yes",
                       next_step="Nothing can make them again: deploy its commit with 20 Deploy, or choose another.")
    return finding(check, choice.image, measured=measured, expected="yes", otherwise=Verdict.WARNING,
                   next_step="They are built from the commit first: it takes a minute longer.")


def _secrets(deployed: Deployed, file: str) -> tuple[Finding, ...]:
    return (finding("the server has its secrets", deployed.secrets_sha256 is not None,
                    measured="yes" if deployed.secrets_sha256 else f"{file} is missing", expected="yes",
                    next_step="20 Deploy delivers them: deploy the earlier tag with it instead."),)


def _kept(tree: ReleaseTree) -> tuple[Finding, ...]:
    """Files are the owners' own: none that they changed on the server is lost by the checkout."""
    names = ", ".join(tree.changed_on_server)
    return (finding(KEPT, not names, measured=names or "none",
                    expected="local changes of other files only; they stay as they are",
                    next_step="`git diff` on the server shows what would be lost. Put the file back: git checkout -- "
                    f"{names}; or choose another release."),)


def _compose_files(tree: ReleaseTree) -> tuple[Finding, ...]:
    """A finding only where a release lacks a file of compose.files: Compose is asked in both of them."""
    lacking = [f"{who} lacks {', '.join(names)}" for who, names in (
        ("the live release", tree.not_in_checkout), ("the earlier one", tree.not_in_release)) if names]
    return (finding("both releases have the Compose files", False, measured="; ".join(lacking),
                    expected="every file of compose.files", next_step="Set compose.files to files that both have; "
                    "where there are none, roll back in two steps, through a release that has both."),
            ) if lacking else ()


def _why_not_reversed(deployed: Deployed, tree: ReleaseTree) -> str:
    """Why no migration can be reversed here, or compared with the code; empty where both can be tried."""
    if tree.no_migrations:
        return f"no migrations are declared: {tree.no_migrations}"
    return "with the strategy recreate no step reverses migrations" if deployed.replaced else ""


def _with_files(schema: SchemaRollback, tree: ReleaseTree) -> SchemaRollback:
    newer = tree.file_migrations.newer if tree.file_migrations else ()
    if not newer:
        return schema
    return replace(schema, explanation=f"the database has {named(newer)}, which this release does not have; "
                   f"{schema.explanation}")


def _schema(schema: SchemaRollback, database: DataChoice, not_reversed: str, *, gate: str) -> Finding:
    if schema.no_database and database == "keep":
        return not_applicable(FITS, schema.no_database)
    if not_reversed and database != "restore":
        return _not_known(schema, database, not_reversed, gate)
    expected = f"{schema.schema_of_code or 'one head'}, or a newer one that it works on"
    measured = f"schema {schema.schema_now or 'not known'}: {schema.explanation}"
    if database == "restore":
        return Finding(FITS, Verdict.PASSED, "the backup brings its own schema", expected)
    if database == "downgrade" and schema.newer:
        return _reversible(schema)
    if schema.compatible is False:
        return finding(FITS, False, measured=measured, expected=expected,
                       next_step='Run again with database = "downgrade", which reverses the migrations and loses what '
                       'they added; or with database = "restore", which restores an earlier backup.')
    return finding(FITS, schema.compatible is True, measured=measured, expected=expected, otherwise=Verdict.WARNING,
                   next_step="It could not be tested; the gates verify it before users are on it, and roll back if it "
                   "fails.")


def _not_known(schema: SchemaRollback, database: DataChoice, reason: str, gate: str) -> Finding:
    if database == "downgrade":
        return finding("the migrations can be reversed", False, measured=reason,
                       expected="alembic migrations", next_step='Run again with database = "keep", whose gate decides; '
                       'or with "restore", which brings the data of its time back with it.')
    return Finding(FITS, Verdict.WARNING, schema.explanation, "shown before users are on it", gate)


def _reversible(schema: SchemaRollback) -> Finding:
    image = (schema.migration_image or "none")[:12]
    return finding("the migrations can be reversed", bool(schema.migration_image and schema.reverses),
                   measured=f"{', '.join(schema.reverses) or 'no revision known'}, by the image of {image}",
                   expected="an image on the server that has them",
                   next_step='Deploy the release that made this schema (20 Deploy), or use database = "restore".')
