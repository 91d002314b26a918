"""The data question of a rollback: what is known already, what a downgrade deletes, and how it is put into words."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from runbook_lib.connections.scripted import ScriptedConnections
from runbook_lib.environment import load_environment
from runbook_lib.platform.facts.release_history import Release
from runbook_lib.platform.facts.releases import Deployed
from runbook_lib.platform.plans.release_files import upstreams_file
from runbook_lib.recovery.facts.data_loss import DataLoss
from runbook_lib.release.facts.schema_rollback import (
    SchemaRollback,
    candidates,
    destructive_operations,
    previously_verified,
    schema_rollback,
)
from tests.unit.shop_environment import shop

ENVIRONMENT = load_environment("staging")

OLD, NEW, OTHER = "a" * 40, "b" * 40, "d" * 40
FIRST = 'revision = "0001"\ndown_revision = None\ndef upgrade(): pass\ndef downgrade(): pass\n'
SECOND = '''
revision = "0002"
down_revision = "0001"
def upgrade():
    op.add_column("squads", sa.Column("region"))
def downgrade():
    op.drop_index("ix_squads_region", "squads")
    op.drop_column("squads", "region")
'''
SOURCES = {"backend/migrations/versions/0001.py": FIRST}


def deployed(compatible_with: str | None = OLD) -> Deployed:
    record = Release(NEW, "v2", "green", "0002", "run-2", "ada", "", datetime(2026, 11, 22, tzinfo=UTC), compatible_with)
    env = f"GREEN_COMMIT={NEW}\nBLUE_COMMIT={OLD}\n"
    images = frozenset({f"gw2-backend:{NEW}", f"gw2-backend:{OLD}"})
    return Deployed("green", NEW, env, upstreams_file(ENVIRONMENT, "green"), "0" * 64, images, (record,))


def test_a_check_of_other_code_or_another_schema_counts_for_nothing() -> None:
    assert previously_verified(deployed(OTHER), OLD, "0002") == (None, "")
    assert previously_verified(deployed(), OLD, "0003") == (None, "")


def test_code_that_was_live_on_another_schema_is_not_verified_on_this_one() -> None:
    now = deployed(None)
    live = Release(OLD, "v1", "blue", "0001", "run-3", "ada", "", datetime(2026, 11, 23, tzinfo=UTC))
    assert previously_verified(replace(now, releases=(live,)), OLD, "0002") == (None, "")


def test_the_live_image_is_asked_first_and_none_that_is_missing() -> None:
    assert candidates(ENVIRONMENT, deployed()) == (NEW, OLD)


def test_what_a_downgrade_deletes_is_read_from_its_source() -> None:
    sources = SOURCES | {"backend/migrations/versions/0002.py": SECOND}
    assert destructive_operations(sources, ("0002",)) == ("drop index ix_squads_region.squads", "drop column squads.region")


def test_the_impact_is_shown_before_anything_happens() -> None:
    same = SchemaRollback("0002", "0002")
    newer = SchemaRollback("0003", "0002", True, "it was verified", NEW, ("0003",), ("drop column squads.region",))
    assert same.data_impact("keep").startswith("No row is lost")
    assert "drop column squads.region" in newer.data_impact("downgrade")
    loss = DataLoss("a.sql.gz", 90, {"public.squads": 5}, {"public.squads": 9})
    assert newer.data_impact("restore", loss) == loss.sentence


def test_without_declared_migrations_it_says_why_the_schema_is_not_known() -> None:
    without = shop(migrations=None, without={**shop().without, "migrations": "the shop brings its schema up to date itself"})
    asked, declared = (schema_rollback(one, deployed(), OLD, {}, None, database="keep").fetch(ScriptedConnections())
                       for one in (without, shop()))
    assert declared.explanation == "nothing but its replies shows whether the earlier code works on the schema as it is"
    assert asked.compatible is None and not asked.newer
    assert asked.explanation.startswith("no migrations are declared (the shop brings its schema up to date itself")
    assert asked.data_impact("keep").startswith("No row is lost")
