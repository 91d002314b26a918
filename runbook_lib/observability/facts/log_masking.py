"""What varies in paths and messages, replaced by its kind: so that many lines become one route or one template.

Whatever is shown or kept of a line has lost secrets and e-mail addresses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from runbook_lib.observability.facts.log_formats import replaced

if TYPE_CHECKING:
    import polars as pl

OTHERS = "(others)"
NOT_FOUND = "(answered 404)"
LONGEST_SHOWN = 300  # characters of a route, a template or an example

# Credentials by their form; the values of the environment's own secrets are found by the run's redactor. Of a name with
# a value too much may be masked, never too little: in quotes to their end, else to the next space.
_NAMES = (r"(?i)([\w-]*(?:passw(?:or)?d|pwd|passphrase|passcode|secret|token|(?:api|access|private)[ _-]?key|"
          r"credential|session[_-]?id)[\w-]*)")
_SECRETS = (
    (r"(?s)-----BEGIN [A-Z ]*PRIVATE KEY-----.*", "<key>"),
    (r"\beyJ[\w-]{6,}\.[\w-]+(?:\.[\w-]*)?", "<token>"),
    (r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b|\bgh[a-z]_\w{20,}|\bgithub_pat_\w{20,}|\bglpat-[\w-]{16,}|\bxox[a-z]-[\w-]{10,}|"
     r"hooks\.slack\.com/services/[^\s\"'<>]+", "<token>"),
    # a key of Guild Wars 2: two UUIDs that have grown together
    (r"\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{20}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b", "<token>"),
    (r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{6,}", "${1} <secret>"),
    (r"(?i)(authorization)([\"']?\s*[:=]\s*)(?:\"[^\"]*\"|'[^']*'|[^,;\"']+)", "${1}${2}<secret>"),
    (r"(?i)(cookie)([\"']?\s*[:=]\s*)(?:\"[^\"]*\"|'[^']*'|[^\"']+)", "${1}${2}<secret>"),
    (_NAMES + r"([\"']?\s*[:=]\s*)(?:\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*')", "${1}${2}<secret>"),
    (_NAMES + r"(\\?[\"']?\s*[:=]\s*\\?[\"']?)(?:[^\s\"'\\]|\\[^\s\"'])+", "${1}${2}<secret>"),
    (r"://[^\s\"'<>]*@", "://<secret>@"),
)
_MAILS = ((r"[\w.+%-]+(?:@|%40)[\w-]+(?:\.[\w-]+)+", "<e-mail>"),)
_CONTROLS = ((r"\x1b\[[0-?]*[ -/]*[@-~]", ""),
             (r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]+", " "))
_UUID = r"\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b"
_VARIABLE = (
    (r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?", "<time>"),
    (_UUID, "<uuid>"),
    (r"\"[^\"]*\"", "<text>"),
    # an apostrophe within a word opens no quotation
    (r"(^|[^\w])'[^']*'", "${1}<text>"),
    (r"\b[a-z][a-z0-9+.-]{1,15}://[^\s,;)\]}]+", "<url>"),
    (r"\b(?:\d{1,3}\.){3}\d{1,3}(?::\d{1,5})?\b", "<address>"),
    (r"\b\d\d:\d\d:\d\d(?:[.,]\d+)?", "<time>"),
    (r"\[?\b(?:(?:[0-9a-fA-F]{1,4}:){2,7}[0-9a-fA-F]{1,4}|(?:[0-9a-fA-F]{1,4}:){1,7}:[0-9a-fA-F:]*)\]?", "<address>"),
    (r"(^|[\s=(\[{,:])(?:\.{0,2}/[^\s,;:)\]}]+)", "${1}<path>"),
    (r"\b0[xX][0-9a-fA-F]+\b", "<hex>"),
    (r"\b[0-9a-fA-F]*(?:[0-9][a-fA-F]|[a-fA-F][0-9])[0-9a-fA-F]*\b", "<hex>"),
    (r"[-+]?\b\d+(?:[.,]\d+)*", "<number>"),
)
# a one-time key, as of a link in a mail: 22 signs and more, with a digit anywhere
_KEY = "|".join(rf"[A-Za-z0-9_-]{{{before},}}\d[A-Za-z0-9_-]{{{21 - before},}}" for before in range(22))
_SEGMENTS = (
    (_UUID, "<uuid>"),
    (r"/[^/]*(?:%|@)[^/]*", "/<text>"),
    (r"/[0-9a-fA-F]*(?:[0-9][a-fA-F]|[a-fA-F][0-9])[0-9a-fA-F]*(/|$)", "/<hex>${1}"),
    (r"/[0-9a-fA-F]*(?:[0-9][a-fA-F]|[a-fA-F][0-9])[0-9a-fA-F]*(/|$)", "/<hex>${1}"),
    # a version of an interface is a word: /api/v1/
    (r"/\d+(?:[.,:-]\d+)*", "/<number>"),
    # the hash in the name of a built file
    (r"[.-][\w-]*\d[\w-]*\.([a-z0-9]{1,5})$", "-<hash>.${1}"),
    (r"/[\w.-]{33,}", "/<text>"),
    (rf"/(?:{_KEY})(/|$)", "/<text>${1}"),
)


def cleaned(text: pl.Expr) -> pl.Expr:
    """A foreign text that can be shown: without control characters, secrets and e-mail addresses; cut at its length."""
    return replaced(text, (*_CONTROLS, *_SECRETS, *_MAILS)).str.strip_chars().str.slice(0, LONGEST_SHOWN)


def template(text: pl.Expr) -> pl.Expr:
    """A message with the kind of each variable part in its place; cleaned."""
    return replaced(text, (*_CONTROLS, *_SECRETS, *_MAILS, *_VARIABLE)).str.strip_chars().str.slice(0, LONGEST_SHOWN)


def route(path: pl.Expr) -> pl.Expr:
    """A path with the kind of each variable segment in its place; cleaned."""
    return replaced(path, (*_CONTROLS, *_SECRETS, *_SEGMENTS)).str.slice(0, LONGEST_SHOWN)


def masked(frame: pl.DataFrame, column: str, name: str, mask: object) -> pl.DataFrame:
    """The table with one more column, a mask of another. Each different text is masked once: they repeat."""
    import polars as pl

    texts = frame.select(pl.col(column).unique())
    if not callable(mask):
        raise TypeError(mask)
    return frame.join(texts.with_columns(mask(pl.col(column)).alias(name)), on=column, how="left",
                      maintain_order="none")


def clean_text(text: str) -> str:
    """`cleaned`, of one text."""
    import polars as pl

    value: str = pl.select(cleaned(pl.lit(text))).item()
    return value
