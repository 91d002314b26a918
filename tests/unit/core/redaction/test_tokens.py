"""What long tokens mean, all of them decoded at once: the same as each one alone by the standard library."""

from __future__ import annotations

import base64
import binascii
import random
import re
import string

import pytest

from runbook_lib.core.redaction import tokens
from runbook_lib.core.redaction.tokens import meanings_of_tokens

CLEAR = '{"name": "a printable text", "n": 7}'


def one_by_one(token: str) -> list[str]:
    """What it means by its encodings, in their order, at each place where the first group may begin."""
    raws = [binascii.a2b_base64((cut := token.translate(str.maketrans("-_", "+/"))[skip:]) + "A" * (-len(cut) % 4))
            for skip in range(4)]
    for digits in re.findall("[0-9A-Fa-f]{20,}", token):
        raws += [bytes.fromhex(digits[skip:skip + (len(digits) - skip) // 2 * 2]) for skip in range(2)]
    for letters in re.findall("[A-Z2-7]{20,4000}", token):
        raws += [base64.b32decode((cut := letters[skip:]) + "A" * (-len(cut) % 8)) for skip in range(8)]
    return [found.decode() for raw in raws for found in re.findall(rb"[\t\n\r -~]{9,}", raw)]


@pytest.mark.parametrize("at_once", [1, 300, 50_000])
def test_many_tokens_mean_what_each_of_them_means(monkeypatch: pytest.MonkeyPatch, at_once: int) -> None:
    monkeypatch.setattr(tokens, "_AT_ONCE", at_once)
    chance, words = random.Random(11), list[str]()
    for _ in range(60):
        clear = "".join(chance.choices(string.printable, k=chance.randrange(15, 60))).encode()
        made = chance.choice((base64.b64encode, base64.urlsafe_b64encode, base64.b32encode, base64.b16encode, binascii.hexlify))
        words.append("/a/"[:chance.randrange(4)] + made(clear).decode().rstrip("=")[chance.randrange(3):])
        words.append("".join(chance.choices(string.ascii_letters + string.digits, k=chance.randrange(1, 50))))
    words.append("A" * 9_001)
    text, expected, place = " ".join(words), [], 0
    for word in words:
        expected += [(place, place + len(word), meant) for meant in one_by_one(word)] if len(word) >= 20 else []
        place += len(word) + 1
    assert expected and list(meanings_of_tokens(text)) == expected


@pytest.mark.parametrize("line_end", ["\n", "\r\n  ", "\\n"])
def test_lines_of_one_token_are_read_as_one(line_end: str) -> None:
    token = base64.b64encode((CLEAR * 5).encode()).decode()
    text = line_end.join(token[place:place + 64] for place in range(0, len(token), 64))
    assert (5, 5 + len(text), CLEAR * 5) in list(meanings_of_tokens(f"data {text}\nnext"))


def test_short_words_and_letters_of_other_alphabets_are_no_tokens() -> None:
    assert list(meanings_of_tokens("words of a line, žluťoučký_kůň_úpěl_ďábelské_ódy")) == []
    assert list(meanings_of_tokens("")) == []
