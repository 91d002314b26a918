from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from runbook_lib.connections.scripted import ScriptedConnections
from runbook_lib.environment import load_environment
from runbook_lib.platform.facts.releases import Deployed, Release
from runbook_lib.platform.plans.release_files import upstreams_file
from runbook_lib.release.facts.schema_rollback import candidates, takes_away, tried_before, way_back_of

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


def deployed(old_code: str | None = OLD) -> Deployed:
    record = Release(NEW, "v2", "green", "0002", "run-2", "ada", "", datetime(2026, 11, 22, tzinfo=UTC), old_code)
    env = f"GREEN_COMMIT={NEW}\nBLUE_COMMIT={OLD}\n"
    images = frozenset({f"gw2-backend:{NEW}", f"gw2-backend:{OLD}"})
    return Deployed("green", NEW, env, upstreams_file("green"), "0" * 64, images, (record,))


def test_what_was_tried_at_the_deployment_is_not_tried_again() -> None:
    question = way_back_of(ENVIRONMENT, deployed(), OLD, SOURCES, "0002", database="keep")
    back = question.fetch(ScriptedConnections())  # answers nothing
    assert back.compatible is True
    assert back.newer
    assert "run-2" in back.said


def test_code_that_served_on_the_schema_is_not_tried_on_it_again() -> None:
    now = deployed(None)
    served = Release(OLD, "v1", "blue", "0002", "run-3", "ada", "", datetime(2026, 11, 23, tzinfo=UTC))
    known, said = tried_before(replace(now, releases=(*now.releases, served)), OLD, "0002")
    assert known is True and "run-3" in said
    assert tried_before(replace(now, releases=(replace(served, schema_revision="0001"),)), OLD, "0002") == (None, "")


def test_a_trial_of_other_code_or_another_schema_counts_for_nothing() -> None:
    assert tried_before(deployed(OTHER), OLD, "0002") == (None, "")
    assert tried_before(deployed(), OLD, "0003") == (None, "")


def test_a_schema_that_the_release_knows_is_no_question() -> None:
    back = way_back_of(ENVIRONMENT, deployed(None), OLD, SOURCES, "0001", database="keep").fetch(ScriptedConnections())
    assert back.compatible is True and not back.newer


def test_a_schema_that_cannot_be_read_is_unknown_and_not_the_same() -> None:
    back = way_back_of(ENVIRONMENT, deployed(), OLD, SOURCES, None, database="keep").fetch(ScriptedConnections())
    assert back.compatible is None


def test_a_restore_brings_its_own_schema_so_nothing_is_tried() -> None:
    back = way_back_of(ENVIRONMENT, deployed(None), OLD, SOURCES, "0002", database="restore").fetch(ScriptedConnections())
    assert back.compatible is None and "backup" in back.said


def test_the_live_image_is_asked_first_and_none_that_is_gone() -> None:
    assert candidates(deployed()) == (NEW, OLD)


def test_what_a_downgrade_deletes_is_read_from_its_source() -> None:
    sources = SOURCES | {"backend/migrations/versions/0002.py": SECOND}
    assert takes_away(sources, ("0002",)) == ("drop index ix_squads_region.squads", "drop column squads.region")
