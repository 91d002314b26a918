"""What of a secret is searched for, and which values cannot be distinguished from ordinary text."""

from __future__ import annotations

import pytest

from runbook_lib.core.redaction.units import reason_not_redacted, units_of


@pytest.mark.parametrize("value", ["", " \n", "abc", "deploy", "Postgres", "changeme", "123456", "abababababab", "our-host"])
def test_a_value_that_stands_in_ordinary_text_has_a_reason(value: str) -> None:
    assert reason_not_redacted(value, {"our-host"})
    assert units_of(value, {"our-host"}) == []


@pytest.mark.parametrize("value", ["x9$q", "hunter22", "correct-horse-battery", "12345678901", "longenough", "Zq7-Wm3x\n"])
def test_a_value_that_does_not_is_searched_for(value: str) -> None:
    assert reason_not_redacted(value) == ""
    assert units_of(value) == [value.strip()]


def test_several_lines_are_pieces_of_their_own_without_their_frame() -> None:
    key = "-----BEGIN RSA PRIVATE KEY-----\r\nabcdefgh1234\r\n  ijklmnop5678\r\nqr==\r\n-----END RSA PRIVATE KEY-----\r\n"
    assert units_of(key) == ["ijklmnop5678\nqr==", "abcdefgh1234", "ijklmnop5678"]


def test_the_password_in_an_address_is_a_piece_as_written_and_decoded() -> None:
    assert set(units_of("redis://:p%40ss-w0rd@redis:6379/0")) == {"redis://:p%40ss-w0rd@redis:6379/0", "p%40ss-w0rd", "p@ss-w0rd"}


def test_the_path_of_a_webhook_is_a_piece_and_so_is_its_token() -> None:
    address = "https://hooks.example.com/services/T0CAN/B0CAN/zQ4kW9xT2vLm8Rb5"
    assert units_of(address) == [address, "services/T0CAN/B0CAN/zQ4kW9xT2vLm8Rb5", "zQ4kW9xT2vLm8Rb5"]
    assert units_of("https://example.com/health") == ["https://example.com/health"]
