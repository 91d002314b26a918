"""Commands as values: shown as a shell would take them, and hashed without what they keep secret."""

from __future__ import annotations

import pytest

from runbook_lib.core.commands import Command, Pipeline, WriteFile
from runbook_lib.core.redaction import Secret

SECRET = Secret("DB_PASSWORD", "Zq7-Wm3xK9_pL2vB8nR4")


def test_a_command_is_shown_with_every_word_quoted_that_needs_it() -> None:
    assert str(Command(("touch", "a b", "$(id)"))) == "touch 'a b' '$(id)'"


def test_a_pipeline_is_shown_with_its_target() -> None:
    dump = Pipeline((Command(("pg_dump", "db")), Command(("gzip",))), to="/backups/a b.gz")
    assert str(dump) == "pg_dump db | gzip > '/backups/a b.gz'"
    assert str(Pipeline((Command(("true",)),))) == "true"


def test_a_file_is_shown_without_its_content() -> None:
    assert str(WriteFile("/etc/x", "content", 0o600)) == "write /etc/x (mode 0600)"


@pytest.mark.parametrize("action", [
    Command(("psql",), stdin=SECRET), WriteFile("/x", SECRET), Pipeline((Command(("psql",), stdin=SECRET),)),
])
def test_a_secret_is_in_no_description(action: Command | Pipeline | WriteFile) -> None:
    assert SECRET.reveal() not in f"{action} {action!r} {action.describe()}"


@pytest.mark.parametrize(("one", "other"), [
    (Command(("a",)), Command(("b",))), (Command(("a",)), Command(("a",), cwd="/")),
    (Command(("a",), stdin="x"), Command(("a",), stdin="y")), (Command(("a",)), Command(("a",), stdin="")),
    (WriteFile("/x", "a"), WriteFile("/x", "b")), (WriteFile("/x", "a"), WriteFile("/x", "a", 0o600)),
    (Command(("a",)), Command(("a",), timeout_s=61)), (Command(("a",)), Command(("a",), accepts=(0, 1))),
    (Pipeline((Command(("a",)),)), Pipeline((Command(("a",)),), timeout_s=601)),
    (Pipeline((Command(("a",)),)), Pipeline((Command(("a",), accepts=(0, 1)),))),
    (WriteFile("/x", "a"), WriteFile("/x", "a", timeout_s=31)),
    (WriteFile("/x", SECRET), WriteFile("/x", Secret("DB_PASSWORD", "another value"))),
])
def test_whatever_makes_a_difference_on_the_server_is_described(one: Command, other: Command) -> None:
    assert one.describe() != other.describe()


def test_who_acts_and_why_makes_no_difference_on_the_server() -> None:
    one, other = (Command(("a",), stdin=text, stdin_is_attribution=True) for text in ("ada", "ben"))
    assert one.describe() == other.describe() != Command(("a",), stdin="ada").describe()


def test_text_and_bytes_of_the_same_input_are_described_alike() -> None:
    assert Command(("a",), stdin="é").describe() == Command(("a",), stdin="é".encode()).describe()
