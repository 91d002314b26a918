"""A secret in a dump of bytes goes over several lines, and the column of letters shows the rest of it."""

from __future__ import annotations

import subprocess

import pytest

from runbook_lib.core.redaction import Redactor, Secret
from runbook_lib.core.redaction.dumps import beginning_of_dump, dumps_in, readings_of

VALUE = "Zq7-Wm3xK9_pL2vB8nR4.tUöc5F6g!Hy2"
REDACTOR = Redactor([Secret("S", VALUE)])


def shown(byte: int) -> str:
    return chr(byte) if 32 <= byte < 127 else "."


def xxd(data: bytes, columns: int = 16, group: int = 2) -> str:
    """As xxd prints it."""
    lines = []
    for place in range(0, len(data), columns):
        part = data[place:place + columns]
        words = " ".join(part[at:at + group].hex() for at in range(0, len(part), group))
        width = columns * 2 + columns // group
        lines.append(f"{place:08x}: {words:<{width}} {''.join(map(shown, part))}\n")
    return "".join(lines)


def canonical(data: bytes) -> str:
    """As hexdump -C prints it."""
    lines = []
    for place in range(0, len(data), 16):
        part = data[place:place + 16]
        words = "  ".join(part[at:at + 8].hex(" ") for at in (0, 8))
        lines.append(f"{place:08x}  {words:<49} |{''.join(map(shown, part))}|\n")
    return "".join(lines) + f"{len(data):08x}\n"


def od(*options: str) -> object:
    def dump(data: bytes) -> str:
        return subprocess.run(["od", *options], input=data, capture_output=True, check=True).stdout.decode()
    return dump


DUMPS = {
    "xxd": xxd, "xxd -c 32": lambda data: xxd(data, 32), "xxd -g 1": lambda data: xxd(data, 16, 1), "xxd -g 4 -c 12": lambda data: xxd(data, 12, 4),
    "hexdump -C": canonical, "od": od(), "od -x": od("-x"), "od -c": od("-c"), "od -b": od("-b"), "od -t x1": od("-tx1"), "od -A x -t x1z": od("-Ax", "-tx1z"),
    "od -t x4": od("-tx4"), "od -w8 -t x1": od("-w8", "-tx1"), "of a service": lambda data: "".join(f"web-1  | {line}\n" for line in xxd(data).splitlines()),
}


@pytest.mark.parametrize("name", DUMPS)
@pytest.mark.parametrize("before", [0, 3, 14])
def test_no_dump_shows_a_secret_in_any_of_its_lines(name: str, before: int) -> None:
    text = "first\n" + DUMPS[name](b"=" * before + VALUE.encode() + b"=" * 40) + "last\n"  # type: ignore[operator]
    clean = REDACTOR.text(text)
    assert "‹S›" in clean and clean.startswith("first\n") and clean.endswith("last\n")
    left = [line for line in clean.splitlines() if "‹S›" not in line]
    whole = text.splitlines()
    assert all(line in whole for line in left)
    # lines that hold a byte of it have their address alone
    begun, ended = clean.index("‹S›"), clean.rindex("‹S›")
    assert all(line.endswith("‹S›") for line in clean[clean.rfind("\n", 0, begun) + 1:ended + 3].splitlines())
    assert clean.count("‹S›") >= len(VALUE.encode()) // (32 if "32" in name else 16)
    assert not any(VALUE[place:place + 6] in clean for place in range(len(VALUE) - 6))


@pytest.mark.parametrize("name", DUMPS)
@pytest.mark.parametrize("size", [1, 7, 50])
def test_a_dump_in_pieces_of_a_stream_is_hidden_as_well(name: str, size: int) -> None:
    text = "first\n" + DUMPS[name](b"ab" + VALUE.encode() + b"c" * 40) + "last\n"  # type: ignore[operator]
    printed, held = "", ""
    for place in range(0, len(text), size):
        clean, held = REDACTOR.split(held + text[place:place + size])
        printed += clean
    assert printed + REDACTOR.text(held) == REDACTOR.text(text)


def test_base64_in_a_dump_is_found_too() -> None:
    assert "‹S›" in REDACTOR.text(xxd(b"token: WnE3LVdtM3hLOV9wTDJ2QjhuUjQudFXDtmM1RjZnIUh5Mg==\n"))


@pytest.mark.parametrize("text", ["deadbeef fix a thing\ncafebabe another one\n", "20261128 10:00 up\n20261129 11:00 up\n", "00000000: 7a7a 7a7a  zzzz\n"])
def test_lines_that_hold_no_secret_stay_as_they_are(text: str) -> None:
    assert REDACTOR.text(text) == text
    assert Redactor().text(text) == text


def test_what_a_dump_may_mean_is_read_line_by_line() -> None:
    (group,) = dumps_in("x\n0000000 6261 6463\n*\n0000020 6665\n0000024\nafter\n")
    assert [line.address for line in group] == ["0000000", "0000020"]
    readings = list(readings_of(group))
    assert [b"badc", b"fe"] in readings and [b"abcd", b"ef"] in readings


def test_a_dump_that_may_go_on_is_held_back_and_no_more_of_it_than_needed() -> None:
    text = "words\n" + xxd(bytes(range(160)))
    assert beginning_of_dump(text, 100) == len("words\n")
    assert text[beginning_of_dump(text, 3):].count("\n") == 3
    assert beginning_of_dump("words", 3) == 5 and beginning_of_dump("words\n", 3) == 6
    assert beginning_of_dump("words\n0000", 3) == 6
