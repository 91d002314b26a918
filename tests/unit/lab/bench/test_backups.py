"""Both methods work on the same database in the same minutes, and nothing of it stays."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from lab.bench import backups
from lab.bench.backups import BACKUP, DRILL, BackupBench, Measured
from lab.errors import CommandFailed, LabError

INSTANCE: Any = SimpleNamespace(address=SimpleNamespace(environment="staging"), inside=lambda *words, user="root": words)


class Server:
    """Records what is run there; the clock moves by what each kind of work takes."""

    def __init__(self, survey: str = "") -> None:
        self.ran, self.now, self.survey, self.fails = list[str](), 0.0, survey, ""

    def output(self, words: tuple[str, ...], *, input: str | None = None, timeout_s: float = 60) -> str:
        text = " ".join(words) + (f" < {input}" if "psql -Xq" in " ".join(words) else "")
        self.ran.append(text)
        if self.fails and self.fails in text:
            raise CommandFailed("no")
        self.now += next((took for piece, took in (("gzip", 10.0), (" dump ", 6.0), (" check ", 1.0)) if piece in text), 0.0)
        return "5000000000" if "cpuacct" in text else self.survey


def bench(monkeypatch: pytest.MonkeyPatch, server: Server) -> BackupBench:
    monkeypatch.setattr(backups, "output", server.output)
    monkeypatch.setattr("lab.bench.backups.time.monotonic", lambda: server.now)
    return BackupBench(INSTANCE, lambda text: None)


def test_a_backup_is_measured_with_all_its_steps_next_to_the_plain_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server()
    measured = next(bench(monkeypatch, server).run(50, 2))
    assert (measured.task, measured.size_mb, measured.plain_s, measured.ours_s) == (BACKUP, 50, 10.0, 7.0)
    assert measured.ratio == 0.7
    order = [word for line in server.ran for word in (" | gzip ", " dump ", " check ", " publish ") if word in line]
    assert order == [" | gzip ", " dump ", " check ", " publish "] * 2
    assert all(" bench_50 " in line for line in server.ran if " dump " in line)  # and not the live database


def test_nothing_stays_when_a_round_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server()
    server.fails = "| gzip "
    with pytest.raises(CommandFailed):
        list(bench(monkeypatch, server).run(50, 1))
    dropped = [line for line in server.ran if "DROP DATABASE" in line]
    assert "bench_50 " in dropped[-2] and "bench_50_copy " in dropped[-1]
    assert server.ran[-1].startswith("rm -rf /tmp/bench-")


def test_a_drill_without_a_good_backup_is_an_error_and_no_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    measuring = bench(monkeypatch, Server("clock\t1.0\nfolder\twritable\ndisk\t9 9\n")).run(50, 1)
    assert next(measuring).task == BACKUP
    with pytest.raises(LabError, match="is not good"):
        next(measuring)


def test_the_figures_are_read_by_people_and_machines() -> None:
    measured = Measured(DRILL, 500, 30.0, 20.0, 25.0, 15.0, 12.4)
    assert str(measured) == ("restore drill, 500 MB: 30.0 s, 1.50 of the plain pipe's 20.0 s; processors 25.0 s against 15.0 s; "
                             "users' p95 12 ms")
