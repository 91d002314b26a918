"""Files that Compose is to give to services: those of the release, and those that only the server can have."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import pytest

from runbook_lib.core.commands import Command
from runbook_lib.release.facts.missing_files import SHOW_ABSENT, missing_in_the_release, still_missing

HOME = "/opt/app"
OTHER_USER = 65_534


@pytest.mark.parametrize(("named", "missing", "elsewhere"), [
    ("redis/a.conf", (), ()),
    ("./redis/../redis/a.conf", (), ()),
    ("redis", (), ()),
    ("redis/b.conf", ("redis/b.conf",), ()),
    ("", (), ("/opt/app",)),
    (".env.secrets", (), ()),
    (".runbook/rate/x", (), ()),
    (".environment", (".environment",), ()),
    ("/opt/app/redis/a.conf", (), ()),
    ("/opt/app2/redis/a.conf", (), ("/opt/app2/redis/a.conf",)),
    ("../other/x", (), ("/opt/other/x",)),
    ("link/a.conf", (), ()),
    ("link/b.conf", ("link/b.conf",), ()),
    ("out/x", (), ("/etc/x",)),
    ("circle/x", ("circle/x",), ()),
])
def test_a_named_file_is_looked_for_where_the_engine_will_mount_it(named: str, missing: tuple[str, ...],
                                                                 elsewhere: tuple[str, ...]) -> None:
    links = {"link": "redis", "out": "/etc", "circle": "circle2", "circle2": "circle"}
    paths = {"redis", "redis/a.conf", "link", "out", "circle", "circle2"}
    assert missing_in_the_release([named, named], paths, links, HOME) == (missing, elsewhere)


def test_the_server_is_asked_for_every_path_of_any_form(tmp_path: Path) -> None:
    there = tmp_path / "it's\n*there"
    there.write_text("")
    (tmp_path / "broken").symlink_to("nothing")
    words = [str(there), str(tmp_path / "gone"), str(tmp_path / "no-folder/of/these/x"), str(tmp_path / "broken"), "/",
             "/there-is-no-such", "/no-such-folder/x", f"{there}/x"]
    # all but what is there; a folder that is not there has no files
    assert absent(*words) == ["1", "2", "3", "5", "6", "7"]


def absent(*words: str, user: int = 0) -> list[str]:
    drop = ("setpriv", f"--reuid={user}", "--clear-groups") if user and os.geteuid() == 0 else ()
    done = subprocess.run((*drop, "sh", "-c", SHOW_ABSENT, "show", *words), capture_output=True, text=True, timeout=60, check=True)
    return done.stdout.split()


def test_a_folder_that_may_not_be_entered_may_hold_what_is_named() -> None:
    with tempfile.TemporaryDirectory() as made:  # one that another user can reach
        folder, closed = Path(made), Path(made) / "closed"
        (closed / "deeper").mkdir(parents=True)
        folder.chmod(0o755)
        closed.chmod(0)
        for name, to in {"file": "closed/x", "folder": "closed/deeper", "circle": "circle"}.items():
            (folder / name).symlink_to(to)
        words = ("closed/x", "closed/deeper/x", "closed/none/x", "file", "folder/x", "gone", "circle", "circle/x")
        assert absent(*(f"{folder}/{word}" for word in words), user=OTHER_USER) == ["5", "6", "7"]
        closed.chmod(0o700)


class Here:
    """Runs a command on this machine, as a connection does on a server."""

    def __init__(self) -> None:
        self.server, self.asked = self, 0

    def run(self, command: Command) -> subprocess.CompletedProcess[str]:
        self.asked += 1
        return subprocess.run(command.argv, capture_output=True, text=True, check=True)


def test_a_secret_that_git_does_not_know_stays_on_the_server(tmp_path: Path) -> None:
    """./secrets/key.txt, which .gitignore leaves out, refused every release of a project that has it so."""
    (tmp_path / "secrets").mkdir()
    for name in ("key.txt", "tracked.txt"):
        (tmp_path / "secrets" / name).write_text("x")
    here: Any = Here()
    missing = ("secrets/key.txt", "./secrets/tracked.txt", "secrets/gone.txt")
    found = still_missing(here, missing, ("/there-is-no-such",), str(tmp_path), {}, ("secrets/tracked.txt",))
    # what the live commit has, and the release has not, the checkout takes away
    assert set(found) == {"./secrets/tracked.txt", "secrets/gone.txt", "/there-is-no-such"}
    # where the checkout is ours, the release has it or nothing does
    assert still_missing(here, missing, (), str(tmp_path), {}, None) == missing
    assert here.asked == 1
