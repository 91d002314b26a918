"""The synthetic load: what is counted, and what is not."""

from runbook_lib.release.facts.load import Load, Sample


def load(*statuses: int | None) -> Load:
    return Load(tuple(Sample("/", status, 0.1) for status in statuses), 1.0)


def test_no_reply_and_5xx_are_errors() -> None:
    assert load(200, 200, 500, None).error_rate_percent == 50


def test_the_rate_limit_counts_neither_for_nor_against() -> None:
    measured = load(200, 429, 429, 500)
    assert (measured.rate_limited, measured.error_rate_percent, len(measured.seconds)) == (2, 50, 2)


def test_a_client_error_is_not_a_server_error() -> None:
    assert load(404, 200).error_rate_percent == 0


def test_no_counted_request_has_no_error_rate() -> None:
    assert load().error_rate_percent is None
    assert load(429).error_rate_percent is None
