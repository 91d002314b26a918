"""Values in a file that both Compose and a shell read: every byte survives, or the value is refused."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from runbook_lib.core.env_file import quoted, unquotable

SURVIVE = [
    "plain", "", "a b", "  leading and trailing  ", "a'b", 'a"b', "a$b", "a${b}c", "a\\b", "end\\", "a\\'b", "a#b", " #x", "a=b",
    "a\\nb", "a`x`b", "!x", "a\tb", "ü€😀", "a\\$b", "a'$b", "a'\\", "'", "''", "\\", "$$x", "a'\\nb", "~x", "*", "'\\$\"",
    "%s\\x41", "$(id)", "\\\\", "a'\\\"", '"', "'$(id)'", "${A:-b}'", "\u00a0nbsp ",
]
REFUSED = {"a\nb": "line break", "a\n": "line break", "a\rb": "line break", "a\x00b": "control", "a\x1bb": "control",
           "a\udcffb": "UTF-8", "a`'": "backquote", "`\\": "backquote", "a\u2028b": "control"}


@pytest.mark.parametrize("value", SURVIVE)
def test_a_shell_reads_every_byte_of_the_value_and_runs_nothing(value: str, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(f"BEFORE='1'\nVALUE={quoted(value)}\nAFTER='2'\n".encode())
    read = subprocess.run(("sh", "-c", f'. {file}; printf "%s|%s|%s" "$BEFORE" "$VALUE" "$AFTER"'), capture_output=True,
                          check=True, timeout=120)
    assert read.stdout.decode() == f"1|{value}|2"


def test_compose_reads_every_byte_of_every_value(tmp_path: Path) -> None:
    names = {f"V{place}": value for place, value in enumerate(SURVIVE)}
    (tmp_path / "env").write_text("".join(f"{name}={quoted(value)}\n" for name, value in names.items()), "utf-8")
    lines = "".join(f"      {name}: ${{{name}}}\n" for name in names)
    (tmp_path / "c.yml").write_text(f"services:\n  a:\n    image: x\n    environment:\n{lines}")
    argv = ("docker", "compose", "--file", "c.yml", "--env-file", "env", "config", "--format", "json")
    shown = subprocess.run(argv, cwd=tmp_path, capture_output=True, check=True, timeout=60,
                           env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)})
    read = json.loads(shown.stdout)["services"]["a"]["environment"]
    assert {name: value.replace("$$", "$") for name, value in read.items()} == names


@pytest.mark.parametrize(("value", "reason"), REFUSED.items())
def test_what_cannot_survive_is_refused_in_words_that_reveal_nothing(value: str, reason: str) -> None:
    assert reason in unquotable(value)
    with pytest.raises(ValueError, match=reason) as raised:
        quoted(value)
    assert value not in str(raised.value)
