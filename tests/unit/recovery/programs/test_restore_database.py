"""The restore program itself, run by bash with a double of psql: what its sessions bring along."""

from __future__ import annotations

import subprocess
from pathlib import Path

from runbook_lib.recovery.plans.restore_steps import restore_program


def test_no_session_takes_limits_functions_or_a_role_from_where_it_connects_to(tmp_path: Path) -> None:
    double = tmp_path / "inside"
    double.write_text(f"#!/bin/bash\necho \"$*\" >>{tmp_path}/asked\ncat >/dev/null\necho postgres\n")
    double.chmod(0o755)
    argv = ("bash", "-s", "--", "clear", "shop", "shop_restore_20261122_162454", "shop_user", "1", str(double))
    done = subprocess.run(argv, input=restore_program(), text=True, capture_output=True, timeout=30)
    assert done.returncode == 0, done.stderr
    sessions = [line for line in (tmp_path / "asked").read_text().splitlines() if "psql" in line]
    assert {line.rsplit(" -d ", 1)[1].split()[0] for line in sessions} >= {"template1", "postgres"}
    for one in sessions:
        for setting in ("statement_timeout=0", "lock_timeout=0", "search_path=pg_catalog", "role=none", "default_transaction_read_only=off"):
            assert f"-c {setting}" in one, one
