"""The suite of corrupted backups: which case passes, what it leaves behind, and how backups get to the server and back."""

from __future__ import annotations

import base64
import io
import tarfile
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from lab.errors import LabError
from lab.instance import Instance
from lab.resilience import corruptions
from lab.resilience.backup_pair import Corruption, Pair
from lab.resilience.corruptions import CONTROL, FOLDER, never_accepted, newest_two_backups, write_pairs
from runbook_lib.core.findings import Finding, Verdict
from runbook_lib.environment import load_environment
from tests.unit.lab.resilience.sample_backups import GOOD, OTHER

INSTANCE = Instance("double")
EMPTY = Corruption("an empty file", lambda pair, other: replace(pair, dump=b""))
ALIEN = Corruption("another backup's dump", lambda pair, other: replace(pair, dump=other.dump))


class Server:
    """What is written and run on the server, with the judge's decisions by backup."""

    def __init__(self) -> None:
        self.written: dict[str, Pair] = {}
        self.commands: list[str] = []
        self.live = ["users 39", "users 39"]
        self.accepts: Callable[[Pair], bool] = lambda pair: pair.dump == GOOD.dump

    def output(self, argv: list[str], **_: Any) -> str:
        self.commands.append(" ".join(argv[argv.index("-u") + 3:]))
        return ""

    def write(self, instance: Instance, pairs: list[tuple[str, Pair]], folder: str) -> None:
        self.written = dict(pairs)

    def judge(self, *_: Any) -> Any:
        return SimpleNamespace(accepts=lambda name: (self.accepts(self.written[name]), "measured"))


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    double = Server()
    monkeypatch.setattr(corruptions, "load_environment", lambda _: load_environment("staging"))
    monkeypatch.setattr(corruptions, "load_secrets", lambda _: {})
    monkeypatch.setattr(corruptions, "open_connections", lambda *_, **__: nullcontext())
    monkeypatch.setattr(corruptions, "live_contents", lambda *_: double.live.pop())
    monkeypatch.setattr(corruptions, "output", double.output)
    monkeypatch.setattr(corruptions, "write_pairs", double.write)
    monkeypatch.setattr(corruptions, "_Judge", double.judge)
    return double


def verdicts(*wanted: Corruption) -> dict[str, bool]:
    return {case.name: case.passed for case in never_accepted(INSTANCE, GOOD, OTHER, wanted)}


def test_a_corruption_that_is_rejected_passes_and_so_does_a_good_backup_that_is_accepted(server: Server) -> None:
    assert verdicts(EMPTY, ALIEN) == {EMPTY.name: True, ALIEN.name: True, CONTROL.name: True, "the live database is unchanged": True}
    assert {pair.dump for pair in server.written.values()} == {b"", OTHER.dump, GOOD.dump}


def test_a_corruption_that_is_accepted_fails_its_case_alone(server: Server) -> None:
    server.accepts = lambda pair: pair.dump in (GOOD.dump, OTHER.dump)
    assert [name for name, passed in verdicts(EMPTY, ALIEN).items() if not passed] == [ALIEN.name]


def test_a_judge_that_accepts_nothing_fails_the_control(server: Server) -> None:
    server.accepts = lambda pair: False
    assert [name for name, passed in verdicts(EMPTY, ALIEN).items() if not passed] == [CONTROL.name]


def test_a_live_database_that_differs_afterwards_fails(server: Server) -> None:
    server.live = ["users 38", "users 39"]
    assert [name for name, passed in verdicts(EMPTY).items() if not passed] == ["the live database is unchanged"]


def test_the_folder_is_removed_also_after_an_error(server: Server) -> None:
    def broken(pair: Pair) -> bool:
        raise LabError("the server is gone")

    server.accepts = broken
    with pytest.raises(LabError, match="the server is gone"):
        verdicts(EMPTY)
    assert server.commands[-1].endswith(f"rm -rf {FOLDER}")


@pytest.mark.parametrize("listing", ["", "/backups/postgres/staging_db_20260101_020000.sql.gz\n"])
def test_fewer_than_two_backups_are_an_error_that_names_the_runbook(listing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corruptions, "output", lambda *_, **__: listing)
    with pytest.raises(LabError, match=r"has \d backups, two are needed\. Run 30 Back up the database"):
        newest_two_backups(INSTANCE)


def test_the_two_newest_backups_are_read_with_their_manifests(monkeypatch: pytest.MonkeyPatch) -> None:
    files = {"c.sql.gz": b"newest", "b.sql.gz": b"second", "a.sql.gz": b"oldest",
             **dict.fromkeys(("c.manifest.json", "b.manifest.json"), GOOD.manifest or b"")}

    def reply(argv: list[str], **_: Any) -> str:
        if argv[-2] == "-c":
            return "/backups/c.sql.gz\n/backups/b.sql.gz\n/backups/a.sql.gz\n"
        return base64.b64encode(files[Path(argv[-1]).name]).decode()

    monkeypatch.setattr(corruptions, "output", reply)
    first, second = newest_two_backups(INSTANCE)
    assert (first.dump, second.dump) == (b"newest", b"second")
    assert first.data["file"] == GOOD.data["file"]


def test_only_files_that_exist_are_written_and_each_with_its_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    packed: list[bytes] = []
    monkeypatch.setattr(corruptions, "run", lambda argv, log, *, input, timeout_s: packed.append(input))
    monkeypatch.setattr(corruptions, "log_file", lambda name: Path(name))
    write_pairs(INSTANCE, [("a.sql.gz", Pair(b"dump", None)), ("b.sql.gz", Pair(None, b"{}")), ("c.sql.gz", Pair(b"", b"x"))], FOLDER)
    with tarfile.open(fileobj=io.BytesIO(packed[0])) as tar:
        found = {one.name: (tar.extractfile(one) or io.BytesIO()).read() for one in tar.getmembers()}
    assert found == {"a.sql.gz": b"dump", "b.manifest.json": b"{}", "c.sql.gz": b"", "c.manifest.json": b"x"}


def test_a_backup_is_rejected_by_whatever_is_not_passed_and_not_only_a_warning() -> None:
    passed, warning, unknown = (Finding(f"check {one}", one, "seen", "wanted") for one in
                                (Verdict.PASSED, Verdict.WARNING, Verdict.INCONCLUSIVE))
    assert corruptions._refusal([passed, warning]) == ""
    assert corruptions._refusal([passed, warning, unknown]) == "check inconclusive: seen"
