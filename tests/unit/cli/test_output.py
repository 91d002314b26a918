"""What is printed never fails: readers that went away, full disks, closed descriptors, terminals without Unicode."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from runbook_lib.cli.output import SafeOutput, card_text, prepare_output, print_json
from runbook_lib.contract.catalogue import runbooks
from tests.notebooks.sample_notebooks import ROOT

RUNBOOK = str(Path(sys.executable).with_name("runbook"))
PRINTED = "from runbook_lib.cli.output import *; prepare_output(); print_result('a line\\n' * 20_000)"
SHOW = f"exec {RUNBOOK} show 20_deploy"  # more than a pipe's buffer of text, with characters that Latin-1 has not


def shell(script: str, **variables: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(("bash", "-c", script), capture_output=True, cwd=ROOT, env={**os.environ, **variables}, timeout=120, check=False)


@pytest.mark.parametrize("script", [
    f"set -o pipefail; {RUNBOOK} list | head -0", f"set -o pipefail; {RUNBOOK} show 20_deploy | head -1 >/dev/null",
    f"{SHOW} >/dev/full", f"{SHOW} >&-", f"{SHOW} >&- 2>&-", f"{SHOW} <&- >&- 2>&-", f"{SHOW} | true; exit ${{PIPESTATUS[0]}}",
])
def test_output_that_cannot_be_written_is_given_up(script: str) -> None:
    done = shell(script)
    # the head of a list has a stream of its own
    assert (done.returncode, [line for line in done.stderr.splitlines() if not line.endswith(b"notebooks:")]) == (0, [])


def test_a_result_that_could_not_be_written_is_a_failure() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run((sys.executable, "-c", PRINTED), stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert "The output could not be written (No space left on device)." in done.stderr
    piped = subprocess.run(("bash", "-c", 'set -o pipefail; "$0" -c "$1" | head -1', sys.executable, PRINTED), capture_output=True, text=True,
                           check=False)
    assert (piped.returncode, piped.stderr) == (0, ""), "a reader that has read enough ends nothing"


@pytest.mark.parametrize("script", [f"{RUNBOOK} run nope 2>/dev/full", f"{RUNBOOK} run nope 2>&-", f"{RUNBOOK} run 20 --bogus 2>&-"])
def test_the_exit_code_stays_when_the_message_cannot_be_written(script: str) -> None:
    assert shell(script).returncode == 2


@pytest.mark.parametrize("variables", [
    {"LC_ALL": "C"}, {"PYTHONIOENCODING": "latin-1"}, {"PYTHONIOENCODING": "ascii:strict"},
    {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
])
@pytest.mark.parametrize("words", ["show 20_deploy", "run n\xf6pe", "--help"])
def test_every_command_prints_on_any_terminal(variables: dict[str, str], words: str) -> None:
    done = shell(f"{RUNBOOK} {words}", **variables)
    assert done.returncode == (2 if "run" in words else 0)
    assert b"Traceback" not in done.stderr


def test_characters_of_ours_have_plain_forms() -> None:
    raw = io.BytesIO()
    out = io.TextIOWrapper(raw, encoding="ascii", errors="runbook.plain", write_through=True)
    prepare_output()
    SafeOutput(out).write("✔ built … ‹DB_PASSWORD› 日")
    assert raw.getvalue() == b"ok built ... <DB_PASSWORD> ?"


def test_json_stays_json_where_unicode_cannot_be_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="latin-1"))
    print_json({"what": "‹ü›"})
    sys.stdout.flush()
    assert raw.getvalue() == b'{\n  "what": "\\u2039\\u00fc\\u203a"\n}\n'


def test_a_card_is_plain_text_no_wider_than_the_terminal() -> None:
    card = "# Deploy\n**A minute.**\n\n| | |\n|---|---|\n| **To undo** | later: [22 Rollback](22_rollback.ipynb), or `git` and more words |\n"
    assert card_text(card, 40) == ("# Deploy\nA minute.\n\nTo undo: later: 22 Rollback, or git and\n    more words")


def test_a_paragraph_is_filled_wherever_its_author_broke_it() -> None:
    card = "# A title\none two three\nfour five\n\n- a point\n- another\n| a | b |\n| c | d |\n"
    assert card_text(card, 40) == "# A title\none two three four five\n\n- a point\n- another\na: b\nc: d"


def test_every_card_of_the_project_fits_and_keeps_its_words() -> None:
    for runbook in runbooks():
        shown = card_text(runbook.card, 100)
        assert max(map(len, shown.splitlines())) <= 100, runbook.name
        assert not re.search(r"\*\*|\]\(|\|---", shown), runbook.name
