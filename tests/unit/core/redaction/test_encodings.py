"""The forms of a secret in base64, base32, hexadecimal digits, and those that mean the same in other case."""

from __future__ import annotations

import base64
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
