"""Preflight against the lab: what it refuses, and what it finds before a deployment does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from runbook_lib.connections import OpenConnections
from runbook_lib.core.findings import Verdict
from runbook_lib.environment import Environment
from runbook_lib.release.checks.migration_chain import migrations
from runbook_lib.release.facts.migration_rehearsal import rehearse_migrations
from runbook_lib.release.facts.repository import inspect_release
from tests.lab.conftest import Lab

ORIGIN = "/srv/git/gw2-wvwbuilder.git"


@pytest.fixture
def broken_branch(lab: Lab) -> Iterator[str]:
    """A branch at the origin whose newest migration fails half-way."""
    make = f"""set -e; rm -rf /tmp/broken; git clone -q --no-hardlinks {ORIGIN} /tmp/broken; cd /tmp/broken; git checkout -q -B broken v3.2.0
cat > backend/migrations/versions/9999_broken.py <<'END'
from alembic import op
revision = "9999"
down_revision = "0003"
def upgrade():
    op.execute("ALTER TABLE no_such_table ADD COLUMN x int")
END
git add .; git -c user.name=t -c user.email=t@example.com commit -qm broken; git push -qf origin broken"""
    lab.on_server("bash", "-c", make, user="deploy")
    yield "broken"
    lab.on_server("bash", "-c", f"rm -rf /tmp/broken; git -C {ORIGIN} update-ref -d refs/heads/broken", user="deploy")


@pytest.mark.parametrize(("ref", "code"), [("v9.9.9", 3), ("a;id", 2), ("refs/tags/--upload-pack=x", 2)])
def test_a_ref_that_is_unknown_or_hostile_is_refused(lab: Lab, outputs: Path, ref: str, code: int) -> None:
    done = lab.runbook("run", "10_preflight", "-e", lab.environment, "-p", f"ref={ref}", outputs=outputs)
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_a_migration_that_fails_is_found_before_the_deployment(
    lab: Lab, environment: Environment, connections: OpenConnections, broken_branch: str
) -> None:
    tree = inspect_release(environment, broken_branch).fetch(connections)
    assert tree.commit is not None
    rehearsal = rehearse_migrations(environment, tree.commit.commit).fetch(connections)
    found = migrations(tree, rehearsal, "0002")
    assert found[2].verdict is Verdict.FAILED
    assert "no_such_table" in rehearsal.message if rehearsal else False
    assert "runbook-schema-copy" not in lab.on_server("docker", "ps", "--all", "--format", "{{.Names}}")
