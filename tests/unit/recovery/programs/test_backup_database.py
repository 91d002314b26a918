"""The backup program itself, run by bash: a dump is made, checked and published, or nothing is left of it."""

from __future__ import annotations

import fcntl
import gzip
import os
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from runbook_lib.recovery.facts.manifests import parse_manifest
from tests.unit.recovery.programs.backup_folder import DOUBLE, DUMP, PROGRAM, Folder, contents, counted


def test_a_backup_ends_as_a_dump_with_its_manifest_and_nothing_else(folder: Folder) -> None:
    folder.backup("2026-11-22T16:24:54Z")
    assert folder.names() == ["staging_db_20261122_162454.manifest.json", "staging_db_20261122_162454.sql.gz"]
    dump = folder.path / "staging_db_20261122_162454.sql.gz"
    manifest = parse_manifest((folder.path / "staging_db_20261122_162454.manifest.json").read_text())
    assert gzip.decompress(dump.read_bytes()).decode() == DUMP
    assert (manifest.size_bytes, manifest.plain_bytes, manifest.rows) == (dump.stat().st_size, len(DUMP), 3)
    assert (manifest.schema_revision, manifest.taken_at) == ("0002", datetime(2026, 11, 22, 16, 24, 54, tzinfo=UTC))
    assert dump.stat().st_mode & 0o777 == 0o600


def test_a_failed_dump_leaves_nothing_behind_so_that_a_full_disk_frees_its_space(folder: Folder) -> None:
    done = folder.dump(status=1)
    assert (done.returncode, folder.names()) == (1, [])
    assert "pg_dump ended with status 1" in done.stderr


@pytest.mark.parametrize(
    ("damage", "output"),
    [
        ("", "is truncated"),
        (DUMP[: DUMP.index("2\tCOPY")], "is truncated"),
        (DUMP[: DUMP.index("--\n-- PostgreSQL database dump complete\n--\n\n\\unr")], "is truncated"),
        (DUMP.replace("1\tone\n", ""), "does not hold the rows"),
        (DUMP.replace("public.squads", "public.other"), "does not hold the rows"),
        (DUMP + "DROP TABLE squads;\n", "is truncated"),
    ],
    ids=["empty", "in the middle", "at a line's end", "a row missing", "another database", "something after the end"],
)
def test_a_dump_that_is_not_the_snapshot_never_gets_its_name(folder: Folder, damage: str, output: str) -> None:
    assert folder.dump(damage).returncode == 0
    check, publish = folder.step("check"), folder.step("publish")
    assert (check.returncode, publish.returncode) == (1, 1)
    assert output in check.stderr
    assert not [name for name in folder.names() if name.endswith(".sql.gz")]


def test_a_table_that_the_dump_lacks_is_found_and_named(folder: Folder) -> None:
    (folder.inside.parent / "counted").write_text(counted(forgotten=2))
    assert folder.dump().returncode == 0
    check = folder.step("check")
    assert check.returncode == 1
    assert "public.forgotten" in check.stderr


@pytest.mark.parametrize(("rows", "good"), [((2, 1), True), ((3, 0), True), ((2, 0), False)])
def test_partitions_whose_rows_are_dumped_as_the_partitioned_tables_are_counted_together(folder: Folder, rows: tuple[int, int], good: bool) -> None:
    root = b'public."by Mood"'.hex()
    parts = "".join(f"{name.encode().hex()}\t{number}\t{root}\n" for name, number in zip(("public.sad", "public.ok"), rows, strict=True))
    (folder.inside.parent / "counted").write_text(counted(old=1).rstrip() + f"\t{root}\n" + parts)
    blocks = 'CREATE TABLE public."by Mood" (\n    a integer\n)\nPARTITION BY HASH (a);\n\n' + "".join(
        f'COPY public.{name} (a) FROM stdin;\n{lines}\\.\n\n' for name, lines in (('"by Mood"', "1\n2\n"), ('"by Mood"', "3\n"), ("old", "4\n")))
    assert folder.dump(DUMP.replace("COPY public.squads", blocks + "COPY public.squads")).returncode == 0
    check = folder.step("check")
    assert (check.returncode == 0) is good, check.stderr


def test_rows_that_cannot_be_counted_end_the_dump(folder: Folder) -> None:
    counts = DOUBLE.replace("sed 's/^/counted", "echo 'ERROR: relation does not exist' >&2; exit 3; sed 's/^/counted")
    folder.inside.write_text(counts)
    done = folder.dump()
    assert done.returncode == 1
    assert "could not be counted" in done.stderr
    assert folder.names() == []


def test_a_session_that_still_counts_ends_with_a_dump_that_failed(folder: Folder) -> None:
    # subprocess.run waits until no process has the program's output open, as a job's lock does
    folder.inside.write_text(DOUBLE.replace("sed 's/^/counted", "exec sleep 200; sed 's/^/counted"))
    began = time.monotonic()
    done = folder.dump(status=1)
    assert (done.returncode, folder.names()) == (1, [])
    assert "pg_dump ended with status 1" in done.stderr
    assert time.monotonic() - began < 120


def test_a_database_that_does_not_answer_is_reported_with_its_own_words(folder: Folder) -> None:
    folder.inside.write_text("#!/bin/bash\necho 'service \"postgres\" is not running' >&2\nexit 1\n")
    done = folder.dump()
    assert (done.returncode, folder.names()) == (1, [])
    assert "is not running" in done.stderr
    assert "did not answer" in done.stderr


def test_the_dump_is_of_the_very_snapshot_in_which_the_session_counts(folder: Folder) -> None:
    assert folder.dump().returncode == 0
    (dumped,) = [line for line in (folder.inside.parent / "asked").read_text().splitlines() if line.startswith("pg_dump ")]
    assert dumped.split()[-1] == "--snapshot=00000003-0000001B-1"


@pytest.mark.parametrize("reply", ["WARNING: something else", "", "00000003-0000001B-1; rm -rf /"])
def test_without_the_name_of_a_snapshot_nothing_is_dumped_and_nobody_waits(folder: Folder, reply: str) -> None:
    folder.inside.write_text(DOUBLE.replace("echo 00000003-0000001B-1", f"echo '{reply}'"))
    began = time.monotonic()
    done = folder.dump()
    assert (done.returncode, folder.names()) == (1, [])
    assert "did not answer with a snapshot's name" in done.stderr
    assert time.monotonic() - began < 120
    asked = (folder.inside.parent / "asked").read_text().splitlines()
    assert not [line for line in asked if line.startswith("pg_dump ")]


@pytest.mark.parametrize("version", ["14.23", "15.18 (Debian 15.18-0+deb12u1)", "16beta1", "17.12", "18.6 (Debian 18.6-3)"])
@pytest.mark.parametrize(("superuser", "role"), [("postgres", "postgres"), ("admin", "admin"), ("staging_user", "staging_user"), ("", "staging_user")])
def test_a_superuser_dumps_where_there_is_one_and_the_owner_elsewhere(folder: Folder, superuser: str, role: str, version: str) -> None:
    (folder.inside.parent / "superuser").write_text(superuser)
    (folder.inside.parent / "version").write_text(f"psql (PostgreSQL) {version}\n")
    assert folder.dump().returncode == 0
    asked = (folder.inside.parent / "asked").read_text().splitlines()
    assert [f"-U {role} " in line for line in asked if line.startswith("pg_dump ")] == [True]
    # event triggers on login came with 17; the setting is a superuser's
    assert ("event_triggers=off" in (folder.inside.parent / "options").read_text()) == (bool(superuser) and version >= "17")
    assert [f"-U {role} " in line for line in asked if line.startswith("psql ") and not [word for word in ("rolsuper", "--version", "pg_encoding") if word in line]] == [True]


def test_sessions_of_ours_set_their_own_limits(folder: Folder) -> None:
    assert folder.dump().returncode == 0
    asked = [line for line in (folder.inside.parent / "asked").read_text().splitlines() if line.startswith("inside ")]
    assert len(asked) == 2  # the session, and pg_dump
    for one in asked:
        for limit in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "idle_session_timeout"):
            assert f"-c {limit}=0" in one


def test_sessions_of_ours_take_no_functions_and_no_role_from_the_database(folder: Folder) -> None:
    assert folder.dump().returncode == 0
    asked = [line for line in (folder.inside.parent / "asked").read_text().splitlines() if line.startswith("inside ")]
    assert [("-c search_path=pg_catalog " in line, "-c role=none" in line) for line in asked] == [(True, True)] * 2


def test_an_invalid_index_is_in_the_manifest_and_is_not_a_failure(folder: Folder) -> None:
    (folder.inside.parent / "contents").write_text(contents().replace("indexes\t[]", 'indexes\t["public.ix_one", "public.\\"Ix\\""]'))
    for done in (folder.dump(), folder.step("check"), folder.step("publish")):
        assert done.returncode == 0, done.stderr
    (text,) = [path.read_text() for path in folder.path.glob("*.manifest.json")]
    assert parse_manifest(text).invalid_indexes == ("public.ix_one", 'public."Ix"')


def test_tables_with_bytes_that_no_restore_takes_are_in_the_manifest(folder: Folder) -> None:
    bad = DUMP.replace("COPY ", "SET client_encoding = 'UTF8';\n\nCOPY ", 1)
    first = next(line for line in bad.splitlines() if line.startswith("COPY "))
    (folder.inside.parent / "dump").write_bytes(bad.encode().replace(f"{first}\n".encode(), f"{first}\n".encode() + b"\xff\t\xff\n", 1))
    (folder.inside.parent / "status").write_text("0")
    done = folder.step("dump", "staging_user", "60", str(folder.inside))
    assert done.returncode == 0, done.stderr
    assert "unreadable\tpublic." in (folder.path / "staging_db.contents.partial").read_text()


def test_a_database_that_is_not_utf_8_gets_a_manifest_that_is(folder: Folder) -> None:
    names = contents().replace("indexes\t[]", 'indexes\t["public.ä"]')
    for encoding in ("latin-1", "utf-8"):
        (folder.inside.parent / "contents").write_bytes(names.encode(encoding))
        for done in (folder.dump(), folder.step("check"), folder.step("publish")):
            assert done.returncode == 0, done.stderr
        (manifest,) = folder.path.glob("*.manifest.json")
        assert parse_manifest(manifest.read_text("utf-8")).invalid_indexes == ("public.ä",)
        for one in folder.path.iterdir():
            one.unlink()


def test_tables_that_no_session_may_read_are_named_with_what_to_do_and_nothing_is_dumped(folder: Folder) -> None:
    """The session and pg_dump both failed, and the message was about a snapshot."""
    (folder.inside.parent / "unreadable").write_text('"public.mine" (row level security)')
    done = folder.dump()
    assert (done.returncode, folder.names()) == (1, [])
    assert done.stderr.startswith("No superuser of PostgreSQL may log in") and '"public.mine" (row level security). ' in done.stderr
    assert "ALTER ROLE staging_user BYPASSRLS" in done.stderr
    assert not (folder.inside.parent / "options").exists()


@pytest.mark.parametrize("compressor", ["igzip", "pigz"])
def test_a_faster_compressor_is_used_and_gunzip_reads_what_it_wrote(folder: Folder, compressor: str, tmp_path: Path) -> None:
    done = folder.dump_with(compressor, f"#!/bin/sh\necho $@ >>{tmp_path}/used\n[ $1 = -t ] && exec gzip -t\nexec gzip -c\n")
    assert done.returncode == 0, done.stderr
    assert "-c" in (tmp_path / "used").read_text()
    assert gzip.decompress((folder.path / "staging_db.sql.gz.partial").read_bytes()).decode() == DUMP


def test_what_was_dumped_is_compressed_once_and_read_once_while_it_is_written(folder: Folder, tmp_path: Path) -> None:
    """It was read three times more, which took twice as long as the dump; afterwards only its bytes are compared."""
    log = f"#!/bin/bash\necho ${{0##*/}} $@ >>{tmp_path}/used\n"
    done = folder.dump_with("igzip", f"{log}[ $1 = -t ] && exec /usr/bin/env gzip -t\nexec /usr/bin/env gzip -c\n")
    assert done.returncode == 0, done.stderr
    place = folder.inside.parent.with_name("programs")
    for name in ("gzip", "gunzip", "zcat", "pigz"):
        (place / name).write_text(log)
        (place / name).chmod(0o755)
    for step in ("check", "publish"):
        done = folder.step(step, PATH=f"{place}:{os.environ['PATH']}")
        assert done.returncode == 0, done.stderr
    assert sorted((tmp_path / "used").read_text().splitlines()) == ["igzip -c", "igzip -t"]


@pytest.mark.parametrize(
    ("breaks", "output"),
    [("exec gzip -c | head -c 20", "could not be read to its end"), ("exec head -c 50 >/dev/null", "could not be read to its end"),
     ("cat >/dev/null; echo less | exec gzip -c", "not what was dumped"), ("gzip -c; echo more", "could not be read to its end"), ("gzip -c; exit 9", "compressor ended with status 9")],
    ids=["truncated", "nothing", "something else", "something behind it", "an error"],
)
def test_a_compressor_that_fails_is_found_at_once(folder: Folder, breaks: str, output: str) -> None:
    done = folder.dump_with("pigz", f"#!/bin/bash\n{breaks}\n")
    assert (done.returncode, folder.names()) == (1, [])
    assert output in done.stderr


def test_a_server_without_perl_says_what_to_install_and_leaves_nothing(folder: Folder) -> None:
    done = folder.dump_with("env", '#!/bin/bash\n[[ $* != *perl* ]] || exit 127\nexec /usr/bin/env "$@"\n')
    assert (done.returncode, folder.names()) == (1, [])
    assert "install the package perl" in done.stderr


def test_a_flipped_bit_between_dump_and_check_is_found(folder: Folder) -> None:
    folder.dump()
    partial = folder.path / "staging_db.sql.gz.partial"
    raw = bytearray(partial.read_bytes())
    raw[len(raw) // 2] ^= 0x10
    partial.write_bytes(raw)
    assert folder.step("check").returncode == 1


def test_a_change_between_check_and_publish_is_found(folder: Folder) -> None:
    folder.dump()
    assert folder.step("check").returncode == 0
    with (folder.path / "staging_db.sql.gz.partial").open("ab") as partial:
        partial.write(gzip.compress(b""))
    publish = folder.step("publish")
    assert "changed since it was verified" in publish.stderr
    assert not [name for name in folder.names() if name.endswith(".sql.gz")]


def test_a_second_backup_waits_for_no_one_and_touches_nothing(folder: Folder) -> None:
    partial = folder.path / "staging_db.sql.gz.partial"
    partial.write_text("written by another")
    with partial.open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        for done in (folder.dump(), folder.step("clear")):
            assert done.returncode == 1
            assert "Another backup is writing" in done.stderr
    assert partial.read_text() == "written by another"


def test_clear_takes_away_the_rest_of_an_interrupted_backup_and_only_that(folder: Folder) -> None:
    folder.dump()
    (folder.path / "notes.partial").write_text("mine")
    assert folder.step("clear").returncode == 0
    assert folder.names() == ["notes.partial"]


def test_an_existing_backup_is_never_overwritten(folder: Folder) -> None:
    folder.backup("2026-11-22T16:24:54Z")
    before = (folder.path / "staging_db_20261122_162454.sql.gz").stat()
    folder.dump()
    folder.step("check")
    publish = folder.step("publish")
    assert "exists already" in publish.stderr
    assert (folder.path / "staging_db_20261122_162454.sql.gz").stat() == before


def test_a_database_name_that_would_be_a_pattern_is_refused(folder: Folder) -> None:
    argv = ("bash", "-s", "--", "clear", str(folder.path), "*")
    done = subprocess.run(argv, input=PROGRAM, text=True, capture_output=True, timeout=60)
    assert done.returncode == 1


def test_a_manifest_that_cannot_be_read_is_not_the_first_number(folder: Folder) -> None:
    folder.backup("2026-11-21T16:24:54Z")
    (folder.inside.parent / "contents").write_text(contents())
    for done in (folder.dump(), folder.step("check")):
        assert done.returncode == 0, done.stderr
    done = folder.step("publish", **{"BASH_FUNC_find%%": "() { return 1; }"})
    assert (done.returncode, "Cannot write the manifest" in done.stderr) == (1, True)
    assert folder.step("publish").returncode == 0
    newest = parse_manifest((folder.path / "staging_db_20261122_162454.manifest.json").read_text())
    assert newest.number == 2


def test_what_stands_behind_the_compressed_data_is_found_where_the_reader_takes_it(folder: Folder) -> None:
    """`igzip -t` of isa-l 2.30 accepts anything behind the end."""
    done = folder.dump_with("igzip", "#!/bin/bash\n[ $1 = -t ] && { cat >/dev/null; exit; }\ngzip -c; echo more\n")
    assert (done.returncode, folder.names()) == (1, [])
    assert "not what was dumped" in done.stderr
