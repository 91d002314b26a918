"""Dumps as pg_dump of 14, 17 and 18 wrote them, of what each version brought: read to their end, and passed on whole."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from runbook_lib.core import programs

DUMPS = sorted((Path(__file__).parent / "data").glob("dump_*.sql"))
READER = programs.text("platform/whole_lines.sh", "recovery/dump_contents.sh", "recovery/split_dump.sh")


def run(script: str, dump: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(("bash", "-c", f"set -uo pipefail\n{READER}{script}", "test", str(dump)), cwd=folder, text=True,
                          capture_output=True, timeout=120)


@pytest.mark.parametrize("dump", DUMPS, ids=lambda path: path.stem)
def test_a_dump_of_any_version_is_whole_and_each_of_its_blocks_and_entries_is_known(dump: Path, tmp_path: Path) -> None:
    done = run('with_contents contents <"$1" >passed', dump, tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "passed").read_bytes() == dump.read_bytes()
    lines = [line.split("\t") for line in (tmp_path / "contents").read_text().splitlines()]
    assert ["end", "1"] in lines
    text = dump.read_text()
    found = [json.loads(f'"{line[1]}"') for line in lines if line[0] == "table"]
    assert found == re.findall(r"^COPY (\S+) .*FROM stdin;$", text, re.MULTILINE)
    assert sum(int(line[2]) for line in lines if line[0] == "table") > 0
    entries = re.findall(r"^-- (?:Data for )?Name: .*; Owner: ", text, re.MULTILINE)
    assert sum(line[0] == "object" for line in lines) == len(entries)


@pytest.mark.parametrize("dump", DUMPS, ids=lambda path: path.stem)
def test_a_dump_of_any_version_is_passed_on_to_its_last_statement(dump: Path, tmp_path: Path) -> None:
    done = run('split_dump root loader owner <"$1"', dump, tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("SELECT 'loaded';\n")
    # nothing is lost on the way, but psql's own commands
    for begin in ("CREATE ", "GRANT ", "REVOKE ", "ALTER DEFAULT ", "COPY "):
        wanted = sorted(line for line in dump.read_text().splitlines() if line.startswith(begin))
        passed = done.stdout.splitlines()
        assert [line for line in wanted if line not in passed] == []
    assert "restrict" not in done.stdout


def test_each_version_was_recorded_with_what_it_brought() -> None:
    texts = {path.stem: path.read_text() for path in DUMPS}
    for words in ("\\restrict ", "ON login", "GRANT MAINTAIN", "provider = builtin", "NULLS NOT DISTINCT"):
        assert words in texts["dump_17"], words
    for words in ("\\unrestrict ", "GENERATED ALWAYS AS ((a * 2))", "WITHOUT OVERLAPS", "PERIOD valid_at", "NOT VALID",
                  "NOT ENFORCED"):
        assert words in texts["dump_18"], words


PUBLIC = "object\tSCHEMA\t-\tpublic\tstaging_user\n"


@pytest.mark.parametrize(("version", "wanted", "found", "same"), [
    ("14.10 (Ubuntu 14.10-0ubuntu0.22.04.1)", "", PUBLIC, True), ("14beta1", "", PUBLIC, True), ("9.6.24", "", PUBLIC, True),
    ("15.18", "", PUBLIC, False), ("18.6", "", PUBLIC, False), ("14.10", PUBLIC, "", False),
    ("14.10", "", PUBLIC.replace("public", "other"), False), ("14.10", PUBLIC, PUBLIC.replace("staging_user", "other"), False),
])
def test_the_owner_of_public_that_no_version_before_15_wrote_is_no_difference(
    version: str, wanted: str, found: str, same: bool, tmp_path: Path
) -> None:
    (tmp_path / "wanted").write_text(f"pg_dump\t{version}\n{wanted}end\t1\n")
    (tmp_path / "found").write_text(f"pg_dump\t15.18\n{found}end\t1\n")
    done = run("same_contents wanted found", tmp_path, tmp_path)
    assert (done.returncode == 0) is same, done.stdout


@pytest.mark.parametrize("version", ["14", "14beta1", "14.10 (Ubuntu 14.10-0ubuntu0.22.04.1)", "9.6.24", "13devel"])
def test_before_15_the_owner_of_public_is_in_the_entry_of_its_privileges(version: str, tmp_path: Path) -> None:
    text = (Path(__file__).parent / "data/dump_14.sql").read_text()
    (tmp_path / "dump").write_text(re.sub("(?<=by pg_dump version ).*", version, text))
    assert 'ALTER SCHEMA public OWNER TO "staging_user";' in run('split_dump root loader owner <"$1"', tmp_path / "dump", tmp_path).stdout


@pytest.mark.parametrize(("version", "knows"), [
    ("(PostgreSQL) 14.23", False), ("(PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)", False), ("(PostgreSQL) 16beta1", False),
    ("(PostgreSQL) 16", False), ("(EnterpriseDB) 15.4.0", False), ("(PostgreSQL) 9.6.24", False), ("(PostgreSQL) 10.23", False),
    ("(PostgreSQL) 17.12", True), ("(PostgreSQL) 18beta1", True), ("(PostgreSQL) 18.6 (Ubuntu 18.6-1.pgdg24.04+1)", True),
    ("(PostgreSQL) 19devel", True), ("(PostgreSQL) 160.1", True),
])
def test_event_triggers_are_switched_off_where_the_client_knows_how(version: str, knows: bool, tmp_path: Path) -> None:
    done = run(f'psql() {{ echo "psql {version}"; }}; PGOPTIONS=; eval "$WITHOUT_EVENTS"; echo "$PGOPTIONS"', tmp_path, tmp_path)
    assert ("event_triggers=off" in done.stdout) is knows, done.stderr
