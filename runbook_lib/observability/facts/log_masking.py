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

# Credentials by their form; the values of the environment's own secrets are found by the run's redactor
_SECRETS = (
    (r"\beyJ[\w-]{8,}\.[\w-]+(?:\.[\w-]*)?", "<token>"),
    (r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{6,}", "${1} <secret>"),
    (r"(?i)(authorization|cookie)(\"?\s*[:=]\s*)(?:\"[^\"]*\"|'[^']*'|[^,;\"']+)", "${1}${2}<secret>"),
    (r"(?i)([\w-]*(?:passw(?:or)?d|passphrase|secret|token|api[_-]?key|credential)[\w-]*)(\\?[\"']?\s*[:=]\s*\\?[\"']?)"
     r"[^\s\"',;&}\\]+", "${1}${2}<secret>"),
    (r"://[^\s/@]*:[^\s/@]*@", "://<secret>@"),
)
_MAILS = ((r"[A-Za-z0-9_.+%-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+", "<e-mail>"),)
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
)


def cleaned(text: pl.Expr) -> pl.Expr:
    """A foreign text that can be shown: without control characters, secrets and e-mail addresses; cut at its length."""
    return replaced(text, (*_CONTROLS, *_SECRETS, *_MAILS)).str.strip_chars().str.slice(0, LONGEST_SHOWN)


def template(text: pl.Expr) -> pl.Expr:
    """A message with the kind of each variable part in its place; cleaned."""
    return replaced(text, (*_CONTROLS, *_SECRETS, *_MAILS, *_VARIABLE)).str.strip_chars().str.slice(0, LONGEST_SHOWN)


def route(path: pl.Expr) -> pl.Expr:
    """A path with the kind of each variable segment in its place; cleaned."""
    return replaced(path, (*_CONTROLS, *_SEGMENTS)).str.slice(0, LONGEST_SHOWN)


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
