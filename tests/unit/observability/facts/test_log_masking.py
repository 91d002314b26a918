"""What varies is masked by its kind, what names something stays, and secrets and addresses of people never stay."""

from __future__ import annotations

import polars as pl
import pytest

from runbook_lib.observability.facts.log_masking import LONGEST_SHOWN, clean_text, masked, route, template

UUID = "0f8fad5b-d9cb-469f-a165-70867728950e"


def of(mask: object, text: str) -> str:
    assert callable(mask)
    value: str = pl.select(mask(pl.lit(text))).item()
    return value


@pytest.mark.parametrize(("path", "expected"), [
    ("/", "/"), ("/api/v1/squads", "/api/v1/squads"), ("/api/v1/squads/17", "/api/v1/squads/<number>"),
    ("/api/v1/squads/17/members/4", "/api/v1/squads/<number>/members/<number>"), ("/1/2/3", "/<number>/<number>/<number>"),
    (f"/users/{UUID}/x", "/users/<uuid>/x"), (f"/users/{UUID.upper()}", "/users/<uuid>"),
    ("/blob/9f86d081884c7d65", "/blob/<hex>"), ("/a/1f/2f/3f/z", "/a/<hex>/<hex>/<hex>/z"),
    ("/assets/index-4f2c1d9a.js", "/assets/index-<hash>.js"), ("/assets/app.5d41402a.css", "/assets/app-<hash>.css"),
    ("/assets/logo.svg", "/assets/logo.svg"), ("/users/ann@example.com", "/users/<text>"), ("/q/a%20b", "/q/<text>"),
    ("/r/" + "x" * 40, "/r/<text>"), ("/day/2026-11-27", "/day/<number>"), ("(not a request line)", "(not a request line)"),
    ("/reset/kJ8xQz2LmNpQ7rT5vW9aBc", "/reset/<text>"), ("/reset/abcdefghijklmnopqrstu7/x", "/reset/<text>/x"), ("/join/eyJhbGciOi.eyJ.sig", "/join/<token>"),
    ("/token=abc123", "/token=<secret>"), ("/api/v1/notification-preferences", "/api/v1/notification-preferences"),
    ("/a\x00\x1b[31mb", "/a b"), ("", ""),
])
def test_a_route_is_a_path_without_its_variable_segments(path: str, expected: str) -> None:
    assert of(route, path) == expected


@pytest.mark.parametrize(("text", "expected"), [
    ("took 15 ms", "took <number> ms"), ("took 15.3ms", "took <number>ms"), ("-1 of 1,000", "<number> of <number>"),
    (f"squad {UUID} gone", "squad <uuid> gone"), ("at 0x7ffe12 and deadbee4", "at <hex> and <hex>"),
    ("from 10.0.0.1:5432", "from <address>"), ("from 2001:db8::1 port 5", "from <address> port <number>"), ("from [fe80::1]:80", "from <address>:<number>"),
    ("open /var/log/x1.log: denied", "open <path>: denied"), ("GET /api/v1/x?a=1 500", "GET <path> <number>"),
    ('key "a b" twice', "key <text> twice"), ("key 'a b' twice", "key <text> twice"), ("can't open it's lid", "can't open it's lid"),
    ("at 2026-11-27T12:00:00.5Z again", "at <time> again"), ("at 12:00:01 again", "at <time> again"),
    ("see https://a.example/x?y=1 now", "see <url> now"), ("http2 and utf8 in v1", "http2 and utf8 in v1"),
    ("a\x1b[31mred\x1b[0m\x00b", "ared b"), ("one\n  two", "one   two"), ("ann@example.com left", "<e-mail> left"),
    ("<script>alert(1)</script>", "<script>alert(<number>)</script>"), ("", ""),
])
def test_a_template_is_a_message_without_what_varies(text: str, expected: str) -> None:
    assert of(template, text) == expected


def test_messages_that_differ_in_their_values_have_one_template() -> None:
    texts = [f"request {number} of user {number * 7919:032x} from 10.0.{number % 256}.9 took {number / 7:.3f} s" for number in range(10, 500)]
    found = pl.DataFrame({"text": texts}).select(template(pl.col("text")).alias("t"))["t"].unique().to_list()
    # of a number in hex few have no letter
    assert set(found) <= {f"request <number> of user <{kind}> from <address> took <number> s" for kind in ("hex", "number")}


@pytest.mark.parametrize("text", [
    "password=hunter2secret", "PASSWORD: hunter2secret", '{"password": "hunter2secret"}', "db_password = 'hunter2secret'",
    'json "{\\"token\\": \\"hunter2secret\\"}"', "api_key=hunter2secret&x=1", "X-Api-Key: hunter2secret", "Authorization: Bearer hunter2secret",
    "authorization=Basic hunter2secret", "Cookie: session=hunter2secret", "postgresql://app:hunter2secret@db/x", "client_secret=hunter2secret",
    "password='one hunter2secret'", r'{"password": "a\"b hunter2secret"}', "password=a&b;hunter2secret", "pwd=hunter2secret", "session_id=hunter2secret",
    "Cookie: theme=dark; session=hunter2secret", "{'authorization': 'Token hunter2secret'}", "redis://:a/b@hunter2secret@cache/0",
    "GET /x?email=hunter2secret%40example.com", "mail jörg.hunter2secret@exämple.de", "-----BEGIN PRIVATE KEY----- hunter2secret",
    "https://hooks.slack.com/services/T0/B0/hunter2secret",
    "got Bearer hunter2secret", "token eyJhbGciOiJIUzI1.hunter2secret.sig", "mail hunter2secret@example.co.uk", "access_token=hunter2secret",
])
def test_secrets_and_mail_addresses_are_in_no_example_and_no_template(text: str) -> None:
    assert "hunter2secret" not in clean_text(text)
    assert "hunter2secret" not in of(template, text)


def test_a_cleaned_text_is_plain_and_short() -> None:
    assert clean_text("a\x1b[2J\x00\u202eb\r\nc") == "a b c"
    assert len(clean_text("x " * 10_000)) == LONGEST_SHOWN


def test_each_different_text_is_masked_and_each_line_keeps_its_own() -> None:
    frame = pl.DataFrame({"path": ["/a/1", "/b", "/a/2", "/b"], "n": [1, 2, 3, 4]})
    found = masked(frame, "path", "route", route).sort("n")
    assert found["route"].to_list() == ["/a/<number>", "/b", "/a/<number>", "/b"]
    with pytest.raises(TypeError):
        masked(frame, "path", "route", "no function")


def test_a_hostile_text_costs_no_more_than_its_length() -> None:
    for piece in ("a@", "::", "\"'", "/a", "0x", "eyJ", "password=", "\x1b["):
        text = piece * 10_000
        assert len(of(template, text)) <= LONGEST_SHOWN
        assert len(of(route, "/" + text)) <= LONGEST_SHOWN


@pytest.mark.parametrize("key", ["AKIAIOSFODNN7EXAMPLE", "564F181A-F0FC-114A-A55D-3C1DCD45F3767AF3848F-AB29-4EBF-9594-F91E6A75E015"])
def test_keys_are_known_by_their_form(key: str) -> None:
    assert clean_text(f"refused {key} again") == "refused <token> again"
