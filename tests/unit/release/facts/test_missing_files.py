"""Files that Compose is to give to services: those of the release, and those that only the server can have."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from runbook_lib.release.facts.missing_files import SHOW_ABSENT, missing_in_the_release

HOME = "/opt/app"


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
    words = [str(there), str(tmp_path / "gone"), str(tmp_path / "no-folder/x"), str(tmp_path / "broken"), "/", "/there-is-no-such"]
    done = subprocess.run(("sh", "-c", SHOW_ABSENT, "show", *words), capture_output=True, text=True, timeout=60, check=True)
    # in a folder that is not there, or that this user may not enter, nothing can be said of the file
    assert done.stdout.split() == ["1", "3", "5"]
