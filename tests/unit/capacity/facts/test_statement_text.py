"""Texts of statements: no literal survives, whatever its form and wherever the text was cut."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runbook_lib.capacity.facts.statement_text import compared_columns, masked_statement

SECRET = "hunter2"


@pytest.mark.parametrize(("text", "shown"), [
    ("SELECT * FROM a WHERE x = 'it''s hunter2' AND y = $1", "SELECT * FROM a WHERE x = ? AND y = $1"),
    (r"SELECT E'a\'hunter2' , 12.5e3, .5, 0x1F, 1_000", "SELECT ? , ?, ?, ?, ?"),
    ("SELECT $$hunter2$$, $t$ a $$ hunter2 $t$, U&'hunter2', x'ff', N'hunter2'", "SELECT ?, ?, ?, ?, ?"),
    ("SELECT 1 -- token=hunter2\n FROM a", "SELECT ? FROM a"),
    ("/* trace=hunter2 */ SELECT a1 FROM t2", "SELECT a1 FROM t2"),
    ("SELECT 1 /* a /* b */ hunter2 */ FROM a", "SELECT ?"),
    ("SELECT * FROM a WHERE x = 'hunter2 cut here", "SELECT * FROM a WHERE x = ?"),
    ("SELECT * FROM a WHERE x = $tag$hunter2 cut", "SELECT * FROM a WHERE x = ?"),
    ('SELECT "odd ""name" FROM "we''ird"', 'SELECT "odd ""name" FROM "we''ird"'),
    ("ALTER ROLE app PASSWORD 'hunter2'", "ALTER ROLE …"),
    ("SET app.token TO hunter2", "SET APP …"),
    ("COPY t FROM PROGRAM 'curl -H hunter2'", "COPY T …"),
    ("DO $$ BEGIN hunter2; END $$", "DO …"),
    ("", "(no text)"),
    ("-- hunter2", "(no text)"),
    ("with x as (select 1) select * from x", "with x as (select ?) select * from x"),
    ("SELECT\t1\x1b[31m\n\u202e", "SELECT ? ‹U+?›"),
])
def test_a_statement_is_shown_without_what_was_written_as_a_value(text: str, shown: str) -> None:
    assert masked_statement(text) == shown
    assert SECRET not in masked_statement(text)


LITERALS = st.sampled_from([f"'{SECRET}'", f"E'\\'{SECRET}'", f"$${SECRET}$$", f"$q${SECRET}$q$", f"/* {SECRET} */", f"-- {SECRET}\n",
                            f"U&'{SECRET}'", f"'a''{SECRET}'"])
CODE = st.sampled_from(["SELECT a", " FROM t", " WHERE x = ", ", ", " AND ", '"q""uoted" ', "$1", "(", ")"])


@given(st.lists(st.one_of(LITERALS, CODE), max_size=12), st.integers(0, 400))
def test_no_literal_is_shown_wherever_it_stands_and_the_text_was_cut(parts: list[str], cut: int) -> None:
    assert SECRET not in masked_statement(" ".join(["SELECT", *parts])[:cut])


def test_a_long_statement_is_cut_between_words() -> None:
    shown = masked_statement("SELECT " + ", ".join(f"column_{number}" for number in range(200)))
    assert len(shown) <= 602
    assert shown.endswith(" …")


@pytest.mark.parametrize(("masked", "columns"), [
    ("SELECT * FROM a WHERE x = $1 AND b.y >= ? AND z IN ($2, $3)", ("x", "y", "z")),
    ('SELECT * FROM a WHERE "Odd ""x" = $1', ('Odd "x',)),
    ("SELECT * FROM a WHERE name ILIKE $1 AND id = ANY ($2)", ("name", "id")),
    ("SELECT * FROM a JOIN b ON a.id = b.a_id", ()),
    ("SELECT * FROM a WHERE X = $1 OR x = $2", ("x",)),
])
def test_compared_columns_are_those_next_to_a_value(masked: str, columns: tuple[str, ...]) -> None:
    assert compared_columns(masked) == columns
