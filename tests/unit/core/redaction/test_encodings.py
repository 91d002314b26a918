"""The forms of a secret in base64, base32, hexadecimal digits, and those that mean the same in other case."""

from __future__ import annotations

import base64
import binascii
import json
import uuid

import pytest

from runbook_lib.core.redaction import Redactor, Secret
from runbook_lib.core.redaction.encodings import spellings_of

VALUE = "Zq7Wm3xK9pL2vB8nR4tU"


@pytest.mark.parametrize("before", ["", "a", "ab"])
@pytest.mark.parametrize("after", ["", "c", "cd"])
def test_base64_is_found_with_every_neighbour(before: str, after: str) -> None:
    encoded = base64.b64encode(f"{before}{VALUE}{after}".encode()).decode()
    found = [match.group() for form in spellings_of("S", VALUE) if (match := form.pattern.search(encoded))]
    assert found and len(found[0]) >= len(VALUE) * 4 // 3


def test_a_short_value_has_no_form_that_any_text_could_hold() -> None:
    assert not any("base64" in literal for form in spellings_of("S", "abcd") for literal in form.literals)
    assert min(len(literal) for form in spellings_of("S", "ab1!") for literal in form.literals) >= 4


@pytest.mark.parametrize("before", ["", "a", "ab", "abc", "abcd"])
@pytest.mark.parametrize("after", ["", "c", "cdefg"])
def test_base32_is_found_with_every_neighbour(before: str, after: str) -> None:
    encoded = base64.b32encode(f"{before}{VALUE}{after}".encode()).decode()
    found = [match.group() for form in spellings_of("S", VALUE) if (match := form.pattern.search(encoded))]
    assert max(map(len, found)) >= len(VALUE) * 8 // 5 - 1


def test_hexadecimal_digits_are_a_secret_in_either_case() -> None:
    token, number = "9f86d081884c7d659a2feaa0c55ad015", str(uuid.UUID(int=0x9f86d081884c7d659a2feaa0c55ad015))
    for secret in (token, token.upper(), number, "AB:cd:01:23:45:67:89:ef"):
        redactor = Redactor([Secret("S", secret)])
        assert {redactor.text(f"x {shown} y") for shown in (secret, secret.lower(), secret.upper())} == {"x ‹S› y"}


def test_of_other_secrets_case_is_a_part() -> None:
    assert Redactor([Secret("S", VALUE)]).text(VALUE.lower()) == VALUE.lower()


def z85(data: bytes) -> str:
    """As ZeroMQ writes it: base85 with the digits in another order."""
    return base64.b85encode(data).decode().translate(str.maketrans(
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~",
        "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"))


def uuencoded(data: bytes) -> str:
    return "".join(binascii.b2a_uu(data[place:place + 45], backtick=True).decode() for place in range(0, len(data), 45))


RARE = {
    "Ascii85": lambda data: base64.a85encode(data).decode(), "Ascii85 of Adobe": lambda data: base64.a85encode(data, adobe=True).decode(),
    "base85": lambda data: base64.b85encode(data).decode(), "Z85": lambda data: z85(data), "uuencode": uuencoded,
    "Ascii85 in JSON": lambda data: json.dumps(base64.a85encode(data).decode()),
}


@pytest.mark.parametrize("name", RARE)
@pytest.mark.parametrize("before", range(6))
@pytest.mark.parametrize("after", range(5))
def test_groups_of_other_sizes_are_found_with_every_neighbour(name: str, before: int, after: int) -> None:
    clean = Redactor([Secret("S", VALUE)]).text(f"x {RARE[name](b'a' * before + VALUE.encode() + b'z' * after)} y")
    assert "‹S›" in clean and clean.startswith("x ") and clean.rstrip().endswith("y"), clean
    left = clean.replace("‹S›", "")
    assert len(left) < 30 and not any(RARE[name](VALUE.encode())[place:place + 5] in left for place in range(5, 15)), clean


def test_a_secret_over_two_lines_of_uuencode_leaves_neither_part() -> None:
    text = uuencoded(b"a" * 35 + VALUE.encode() + b"z" * 40)
    clean = Redactor([Secret("S", VALUE)]).text(text)
    assert clean.count("‹S›") == 2 and len(clean) < len(text) - len(VALUE) + 8, clean


@pytest.mark.parametrize("between", [",", ", ", ".", "_", "|", " 0x", ",0x", "', '", '","'])
def test_hexadecimal_digits_are_found_whatever_is_between_them(between: str) -> None:
    redactor = Redactor([Secret("S", VALUE)])
    for text in (between.join(f"{byte:02x}" for byte in VALUE.encode()), between.join(f"{byte:02X}" for byte in VALUE.encode())):
        assert redactor.text(f"x {text} y") == "x ‹S› y"


@pytest.mark.parametrize("text", [
    VALUE.encode().hex(" ", 2), VALUE.encode().hex("-", 4), " ".join(f"{byte:08b}" for byte in VALUE.encode()), "".join(f"{byte:08b}" for byte in VALUE.encode()),
    " ".join(str(byte) for byte in VALUE.encode()), " ".join(f"{byte:03o}" for byte in VALUE.encode()), VALUE.encode("utf-32-le").hex(),
    VALUE.encode("utf-32-be").hex().removeprefix("000000"), "\0\0\0".join(VALUE), "\\x00\\x00\\x00".join(VALUE), "^@^@^@".join(VALUE),
])
def test_bits_numbers_and_wide_letters_are_found(text: str) -> None:
    clean = Redactor([Secret("S", VALUE)]).text(f"x {text} y")
    assert clean.replace("0", "") == "x ‹S› y"


@pytest.mark.parametrize("code", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("before", ["", "a", "ab"])
def test_base64_of_wide_letters_is_found_in_either_order(code: str, before: str) -> None:
    encoded = base64.b64encode(f"{before}{VALUE}, and more".encode(code)).decode()
    clean = Redactor([Secret("S", VALUE)]).text(encoded)
    assert "‹S›" in clean and len(clean) < len(encoded) - len(VALUE.encode(code)) + 8, clean
