"""The sample that is kept as evidence: whole, clean, and harmless where a spreadsheet opens it."""

from __future__ import annotations

import csv
import io

from runbook_lib.observability.facts.log_sample import COLUMNS, log_sample
from tests.unit.observability.log_doubles import MESSAGES, REQUESTS, deployed_at, message, request, reviewed

SECRET, MAIL = "hunter2secret", "ann@example.com"


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_it_has_templates_slow_and_failed_requests_and_unreadable_lines() -> None:
    found = reviewed((REQUESTS, request(seconds=3, request_id="one") + request(status=500, seconds=0.1) + b"junk, \"x\"\n"),
                     (MESSAGES, message(100, "old 1") + message(900, "new, \"one\"\nmore") + message(60, "GET /", "INFO", request_id="one", seconds=2.5)),
                     deployed=deployed_at(-5000, 700))
    rows = rows_of(log_sample(found))
    assert [row["kind"] for row in rows] == ["new template", "template", "slow request", "slow request", "failed request", "unreadable line"]
    assert (rows[2]["seconds"], rows[2]["application_seconds"], rows[2]["request_id"]) == ("3.0", "2.5", "one")
    assert rows[0]["text"] == 'new, "one" more'
    assert rows[5]["text"] == 'not a JSON object: junk, "x"'


def test_no_secret_no_mail_address_and_no_client_address_is_in_it() -> None:
    line = f"password={SECRET} of {MAIL}"
    found = reviewed((REQUESTS, request(path=f"/u/{MAIL}", status=500, address="203.0.113.9", request_id="one") + line.encode() + b"\n"),
                     (MESSAGES, message(60, line) + message(60, line, "INFO", request_id="one")))
    kept = log_sample(found)
    assert [one for one in (SECRET, MAIL, "203.0.113.9") if one in kept] == []
    assert rows_of(kept)[-1]["text"] == "not a JSON object: password=<secret> of <e-mail>"


def test_addresses_in_messages_and_unreadable_lines_are_left_out_and_times_stay() -> None:
    line = "refused 203.0.113.9:443 and [2001:db8::9]:80, ::1, ::ffff:203.0.113.9 and 203.0.113.9. At 10:00:01 of 1.2.3"
    kept = log_sample(reviewed((REQUESTS, f"203.0.113.9 - - {line}\n".encode()), (MESSAGES, message(60, line))))
    assert [one for one in ("203.0", "2001:", "::1") if one in kept] == []
    assert "At 10:00:01 of 1.2.3" in rows_of(kept)[0]["text"]


def test_a_cell_is_never_a_formula() -> None:
    text = b"".join(message(60, f"{sign}cmd|' /C calc'!A0") for sign in "=+-@")
    for row in rows_of(log_sample(reviewed((MESSAGES, text)))):
        assert row["text"].startswith("'")
        assert not row["route_or_template"].startswith(("=", "+", "-", "@"))


def test_nothing_gives_the_heading_alone() -> None:
    assert log_sample(reviewed()) == ",".join(COLUMNS) + "\n"
