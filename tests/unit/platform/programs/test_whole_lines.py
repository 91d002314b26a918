"""What a shell program keeps of a foreign output: whole lines, for a redactor does not know a piece of a secret."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from runbook_lib.core import programs

ROOT = Path(__file__).parents[4] / "runbook_lib"
SECRET = "correct-horse-battery-staple-0123456789"
LEFT_OUT = "(a line of more than 100 bytes is left out)\n"


def kept(function: str, text: str, most: int = 100) -> str:
    program = programs.text("platform/whole_lines.sh") + f'set -o pipefail; {function} {most}\n'
    return subprocess.run(("bash", "-c", program), input=text, capture_output=True, text=True, check=True, timeout=60).stdout


@pytest.mark.parametrize("place", range(0, 220, 3))
def test_a_secret_is_kept_whole_or_not_at_all(place: int) -> None:
    text = "a" * place + "\n" + f"password is {SECRET}\n" + "b" * (100 - place % 100) + "\n"
    for function in ("last_lines", "first_lines"):
        found = kept(function, text)
        assert len(found) <= 100 or found.startswith(LEFT_OUT)
        assert SECRET in found or not any(SECRET[cut:cut + 8] in found for cut in range(len(SECRET) - 7))


def test_what_fits_is_kept_as_it_is() -> None:
    text = "one\n\ntwo words\numlaut \N{LATIN SMALL LETTER U WITH DIAERESIS}\n"
    assert kept("last_lines", text) == kept("first_lines", text) == text
    assert kept("last_lines", "") == kept("first_lines", "") == ""
    assert kept("last_lines", "no line end") == "no line end\n"


def test_the_last_lines_are_the_last_and_the_first_the_first() -> None:
    text = "".join(f"line {number:03}\n" for number in range(1000))
    assert kept("last_lines", text) == "".join(f"line {number:03}\n" for number in range(989, 1000))
    assert kept("first_lines", text) == "".join(f"line {number:03}\n" for number in range(11))


@pytest.mark.parametrize("function", ["last_lines", "first_lines"])
@pytest.mark.parametrize("size", [101, 202, 203, 5_000_000])
def test_a_line_that_alone_is_longer_is_named_and_left_out(function: str, size: int) -> None:
    assert kept(function, "x" * size) == kept(function, "x" * size + "\n") == LEFT_OUT


# what is cut by bytes elsewhere is not the text of a message: an offset of a file, an upload of a known size, four bytes of gzip;
# rotated_log.sh and held_files.sh make a sum of bytes;
# of request_lines.sh last_lines leaves out the line that was cut; of log_window.sh, what is longer than its limit is left out by who reads it; a file that is filled; JSON, which a cut ends
BY_BYTES = {"job_follow.sh", "job_start.sh", "whole_lines.sh", "backup_database.sh", "configuration_files.sh",
            "schedules_survey.sh", "release_survey.sh", "restore_drill.sh", "service_probes.sh",
            "log_window.sh", "alert_provocations.sh", "grafana.sh", "request_lines.sh", "rotated_log.sh", "held_files.sh", "user_requests.sh",
            "configuration.sh"}
CUT = re.compile(r"\b(?:tail|head) -c (?!1 )|\$\{\w+:0:\d{3,}\}")


def test_no_program_cuts_a_message_by_bytes() -> None:
    cutting = {path.name for path in ROOT.rglob("*.sh") if CUT.search(path.read_text())}
    assert cutting <= BY_BYTES
    for name, allowed in {"restore_drill.sh": "/dev/urandom|sha256sum|head -c 1000000 >", "release_survey.sh": "head -c 4000000",
                          "service_probes.sh": r"words% \*", "configuration.sh": r'head -c 9 "\$one" \| tr -cd'}.items():
        (path,) = ROOT.rglob(name)
        assert all(re.search(allowed, line) for line in path.read_text().splitlines() if CUT.search(line)), name
