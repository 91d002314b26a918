"""Texts of SQL statements, safe to show: no literal, no comment, nothing that a user or a program wrote as a value.

pg_stat_statements replaces constants by $1, $2, …, but not in every statement of every version: those of utility
commands (ALTER ROLE … PASSWORD) stay before PostgreSQL 16, and so do comments, into which libraries write what they
like.
"""

from __future__ import annotations

import re

from runbook_lib.core.text import head_of, printable

# in the order in which PostgreSQL's own scanner takes them. A comment within a comment hides the rest; an end that is
# missing is the text's end, because texts of statements are cut. A name may hold a dollar sign, and loses what follows:
# better than to show a text for a name
_TOKENS = re.compile(
    r"""(?P<comment>--[^\n]*|/\*(?:(?!/\*|\*/).)*\*/|/\*.*)
      | (?P<dollar>\$(?P<tag>[^\W\d]\w*|)\$.*?(?:\$(?P=tag)\$|\Z))
      | (?P<name>"(?:[^"]|"")*(?:"|\Z))
      | (?P<escaped>\b[eE]'(?:[^'\\]|\\.|'')*(?:'|\Z))
      | (?P<text>(?:\b[bBnNxX]|\b[uU]&)?'(?:[^']|'')*(?:'|\Z))
      | (?P<parameter>\$\d+)
      | (?P<word>[^\W\d]\w*)
      | (?P<number>(?:\d[\d_]*(?:\.[\d_]*)?|\.\d[\d_]*)(?:[eE][+-]?\d+)?\w*)
    """, re.DOTALL | re.VERBOSE)
# only these are shown whole: others (CREATE ROLE, COPY … PROGRAM, SET) may hold secrets as bare words
_SHOWN = ("SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "WITH", "VALUES", "TABLE")
LONGEST = 600
_COMPARED = re.compile(
    r"""(?:"((?:[^"]|"")+)"|([^\W\d]\w*))\s*
        (?:=|<=|>=|<|>|\bIN\s*\(|=\s*ANY\s*\(|\bI?LIKE\b)\s*\(?\s*(?:\$\d|\?)""", re.IGNORECASE | re.VERBOSE)


def masked_statement(text: str, limit: int = LONGEST) -> str:
    """One line of at most `limit` characters: every literal is `?`, comments are left out. Of a command that is not
    SELECT, INSERT, UPDATE, DELETE, MERGE, WITH, VALUES or TABLE only the first two words are left."""
    plain = " ".join(_TOKENS.sub(_masked, printable(text)).split())
    words = re.findall(r"\w+", plain)
    if not words or words[0].upper() not in _SHOWN:
        return f"{' '.join(words[:2]).upper()} …" if words else "(no text)"
    return head_of(plain, limit)


def _masked(found: re.Match[str]) -> str:
    kind = found.lastgroup if found.lastgroup != "tag" else "dollar"
    if kind in ("name", "word", "parameter"):
        return found.group()
    return " " if kind == "comment" else "?"


def compared_columns(masked: str) -> tuple[str, ...]:
    """Names that a masked statement compares with a value ($1 or ?), in order; without their table's name."""
    return tuple(dict.fromkeys(quoted.replace('""', '"') or plain.lower()
                               for quoted, plain in _COMPARED.findall(masked)))
