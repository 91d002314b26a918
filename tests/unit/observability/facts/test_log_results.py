"""The rows of the tables, and the sentences where there is nothing to show."""

from __future__ import annotations

from runbook_lib.observability.facts.log_results import LogReading, LogReview
from tests.unit.observability.log_doubles import MESSAGES, REQUESTS, SINCE, UNTIL, message, request, reviewed


def test_where_there_is_nothing_a_sentence_says_so() -> None:
    empty = LogReview(SINCE, UNTIL, None, "")
    for shown in (empty.slowest_requests, empty.failed_requests, empty.top_templates, empty.unreadable_samples, empty.reading_rows):
        assert isinstance(shown, str)
        assert shown
    assert empty.slowest_routes == ()


def test_nothing_is_concluded_from_requests_and_messages_that_were_not_read() -> None:
    empty = LogReview(SINCE, UNTIL, None, "")
    assert (empty.failed_requests, empty.slowest_requests) == ("No request was read.", "No request was read.")
    assert empty.top_templates == "No message was read."
    part = reviewed((REQUESTS, request() + b"junk\n"), (MESSAGES, message(level="INFO") + b"junk\n"))
    assert part.failed_requests == "No request among those that could be read was answered with 5xx."
    assert part.top_templates == "No error and no warning among those that could be read."
    whole = reviewed((REQUESTS, request()), (MESSAGES, message(level="INFO")))
    assert whole.failed_requests == "No request was answered with 5xx."
    assert whole.top_templates == "No error and no warning."


def test_tables_are_short_and_the_slowest_is_first() -> None:
    text = b"".join(request(path=f"/{'x' * number}", seconds=number / 100, status=500) for number in range(1, 32))
    found = reviewed((REQUESTS, text), (MESSAGES, message(text="a|b <b>")))
    assert len(found.slowest_requests) == len(found.failed_requests) == 10
    assert found.slowest_routes[0].slowest_ms == 310
    row = found.slowest_requests[0]
    assert isinstance(row, dict)
    assert (row["took"], row["in the application"]) == ("310 ms", "–")
    template = found.top_templates[0]
    assert isinstance(template, dict)
    assert (template["template"], template["count"]) == ("ERROR a|b <b>", "1")


def test_a_reading_names_what_is_missing_and_how_much_was_unreadable() -> None:
    one = LogReading("proxy", "access", 96, 2, {"not a JSON object": 2}, (), "the transfer ended early", ("x: no access",))
    assert one.unreadable_percent == 2.0
    assert one.row == {"log": "proxy", "lines in the window": "96", "outside of it": "2", "unreadable": "2 not a JSON object",
                       "missing": "the transfer ended early; x: no access"}
    assert LogReading("proxy", "access").unreadable_percent is None
