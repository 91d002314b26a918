"""A folder of backups, and the backup program run in it by bash, with a double of the database's own programs."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from runbook_lib.recovery.facts.backup_survey import OWNER_FILE
from runbook_lib.recovery.plans.backup import backup_program

PROGRAM = backup_program()

DOUBLE = r"""#!/bin/bash
here=${0%/*} name=${0##*/}
asked="$name $* "
printf '%s\n' "${asked//$'\n'/ }" >>"$here/asked"  # in one piece: two run at the same time
case $name in
    inside) PATH=$here:$PATH exec "$@" ;;
    psql) [[ $* != *--version* ]] || { cat "$here/version" 2>/dev/null || echo 'psql (PostgreSQL) 15.20'; exit; }
        # before 17 no server knows the setting, and then no one but a superuser may set it
        read -r superuser <"$here/superuser" || true
        [[ $PGOPTIONS != *event_triggers* || $* == *"-U $superuser "* ]] || exit 2
        [[ $* != *"SELECT rolname"* ]] || { cat "$here/superuser"; exit; }
        [[ $* != *"SELECT rolsuper"* ]] || { [[ $* != *"-U $superuser "* ]] || echo t; exit; }
        while read -r line; do case $line in
            *"LIMIT 10"*) cat "$here/unreadable" 2>/dev/null; echo ;;
            BEGIN*) echo 00000003-0000001B-1 ;;
            "SELECT 'end';") cat "$here/contents"; sed 's/^/counted\t/' "$here/counted"; echo end ;;
            COMMIT*) exit 0 ;;
        esac; done ;;
    pg_dump) echo "$PGOPTIONS" >"$here/options"; cat "$here/dump"; exit "$(cat "$here/status")" ;;
esac
"""

DUMP = r"""--
-- PostgreSQL database dump
--

-- Dumped from database version 15.20
-- Dumped by pg_dump version 15.20

COPY public."Odd Name" (a) FROM stdin;
\.


COPY public.squads (id, name) FROM stdin;
1	one
2	COPY public.users (id) FROM stdin;
3	-- PostgreSQL database dump complete
\.


--
-- PostgreSQL database dump complete
--

\unrestrict bb1tCZp0
"""


def contents(taken_at: str = "2026-11-22T16:24:54Z", system: str = "7712828775104831561") -> str:
    snapshot = {"database": "staging_db", "taken_at": taken_at, "server_version": "15.20", "system": system, "database_bytes": 9}
    return f"snapshot\t{json.dumps(snapshot)}\nrevisions\n0002\nrevisions end\ninvalid_indexes\t[]\n"


def counted(**rows: int) -> str:
    """What the database says of its tables in the snapshot of the dump."""
    tables = {'public."Odd Name"': 0, "public.squads": 3} | {f"public.{name}": number for name, number in rows.items()}
    return "".join(f"{name.encode().hex()}\t{number}\n" for name, number in tables.items())


@dataclass
class Folder:
    path: Path
    inside: Path
    project: str = "gw2-staging"

    def step(self, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        argv = ("bash", "-s", "--", words[0], str(self.path), "staging_db", self.project, *words[1:])
        environment = {**os.environ, **variables}
        return subprocess.run(argv, input=PROGRAM, text=True, capture_output=True, timeout=60, env=environment)

    def dump(self, text: str = DUMP, status: int = 0) -> subprocess.CompletedProcess[str]:
        (self.inside.parent / "dump").write_text(text)
        (self.inside.parent / "status").write_text(str(status))
        return self.step("dump", "staging_user", "60", str(self.inside))

    def dump_with(self, program: str, text: str) -> subprocess.CompletedProcess[str]:
        """As `dump`, with a program of that name and text first on the path."""
        place = self.inside.parent.with_name("programs")
        place.mkdir()
        (place / program).write_text(text)
        (place / program).chmod(0o755)
        (self.inside.parent / "dump").write_text(DUMP)
        (self.inside.parent / "status").write_text("0")
        return self.step("dump", "staging_user", "60", str(self.inside), PATH=f"{place}:{os.environ['PATH']}")

    def names(self) -> list[str]:
        return sorted(one.name for one in self.path.iterdir() if one.name != OWNER_FILE)

    def backup(self, taken_at: str, **about: str) -> None:
        """A backup by the program itself; from the same state of the folder, and of the database, it is made once a process."""
        (self.inside.parent / "contents").write_text(contents(taken_at, **about))
        written = {"asked", "options", "dump", "status"}  # by the double and for it, in each dump
        database = [path.read_text() for path in sorted(self.inside.parent.iterdir()) if path.name not in written]
        begun = (self.project, *self.files().items(), *database)
        if begun in _MADE:
            for name in self.files().keys() - _MADE[begun].keys():
                (self.path / name).unlink()
            for name, content in _MADE[begun].items():
                (self.path / name).write_bytes(content)
                (self.path / name).chmod(0o600)
            return
        for done in (self.dump(), self.step("check"), self.step("publish")):
            assert done.returncode == 0, done.stderr
        _MADE[begun] = self.files()

    def files(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in sorted(self.path.iterdir()) if path.is_file()}


# folder and database before a backup → the files of the folder after it
_MADE: dict[tuple[object, ...], dict[str, bytes]] = {}
