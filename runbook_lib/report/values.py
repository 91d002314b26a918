"""Any recorded value as a table or as text: the one place that decides how facts look."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from runbook_lib.archive.records import plain
from runbook_lib.core.text import printable, readable_number, readable_size
from runbook_lib.report.labels import block, duration, label, moment

# the page must open on a telephone at night; the journal has every row
MOST_ROWS = 200
_FIGURE = re.compile(r"[-−+]?(0|[1-9][\d,]*)(\.\d+)?( ?(s|ms|%|B|[KMGT]iB|[kMGT]B))?")
_WHOLE = re.compile(r"\d{4}")
_ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)")


@dataclass(frozen=True)
class Table:
    """Rows of texts under column titles; `left_out` rows are not shown. `numeric` columns hold figures alone."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    left_out: int = 0

    @property
    def numeric(self) -> tuple[bool, ...]:
        """Of each column whether it holds figures alone, which are read digit below digit; none below no title."""
        return tuple(bool(title) and _all_figures(row[number] for row in self.rows)
                     for number, title in enumerate(self.columns))


def shape(value: Any) -> Table | str:
    """A table for mappings and lists of them, text for everything else.

    Takes plain values, dataclasses, pandas frames, and the journal's `{"columns": […], "rows": [[…]]}`.
    """
    value = _frame(value)
    if isinstance(value, dict) and set(value) == {"columns", "rows"}:
        return _listed(tuple(label(str(name)) for name in value["columns"]),
                       [[cell(item) for item in row] for row in value["rows"]])
    if isinstance(value, dict):
        rows = [[_heading(str(name)), cell(item, str(name))] for name, item in value.items()]
        return _listed(("", "value"), rows) if rows else "nothing"
    if isinstance(value, list):
        return _sequence(value)
    return block(value) if isinstance(value, str) else cell(value)


def table_record(value: Any) -> dict[str, Any]:
    """A value as the `table` field of a `shown` event: columns and rows of texts."""
    shaped = shape(value)
    if isinstance(shaped, str):
        return {"columns": ["value"], "rows": [[shaped]]}
    return {"columns": list(shaped.columns), "rows": [list(row) for row in shaped.rows]}


def cell(value: Any, name: str = "") -> str:
    """One value in a table's cell; the field's name says its unit."""
    if value is None:
        return "–"
    # before the numbers, because to Python a truth value is one
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return _number(value, name)
    if isinstance(value, dict):
        return ", ".join(f"{label(str(key))} {cell(item, str(key))}" for key, item in value.items()) or "nothing"
    if isinstance(value, list):
        return ", ".join(cell(item) for item in value[:20]) + (" …" if len(value) > 20 else "") or "none"
    text = printable(value)
    if _ISO.fullmatch(text):
        return moment(text)
    return text if len(text) <= 600 else text[:600] + " …"


def _number(value: float, name: str) -> str:
    if name.endswith("bytes"):
        return readable_size(value)
    if name == "seconds" or name.endswith(("_seconds", "_s")):
        return duration(value)
    if name.endswith(("_ms", "milliseconds")):
        return f"{value:.0f} ms"
    if name.endswith("percent"):
        return f"{readable_number(value)} %"
    if isinstance(value, int):
        return f"{value:,}" if abs(value) >= 10_000 else str(value)
    return readable_number(value, 4)


def _heading(name: str) -> str:
    """A field's name as a title: its unit goes, where the values carry one."""
    return label(re.sub(r"(?<=[a-z])_(bytes|s|ms|percent)$", "", name))


def _sequence(values: list[Any]) -> Table | str:
    if not values:
        return "none"
    if all(isinstance(item, dict) for item in values):
        # rows may lack a column that others have; the order is that of its first mention
        names = list(dict.fromkeys(name for item in values for name in item))
        columns = [[cell(item.get(name), str(name)) for item in values] for name in names]
        # a column that is empty in every row takes width from the others
        kept = [number for number, column in enumerate(columns) if any(column)] or range(len(columns))
        return _listed(tuple(_heading(str(names[number])) for number in kept),
                       [[columns[number][row] for number in kept] for row in range(len(values))])
    if all(isinstance(item, list) for item in values):
        width = max(len(item) for item in values)
        return _listed(("",) * width, [[cell(part) for part in item] + [""] * (width - len(item)) for item in values])
    return _listed(("value",), [[cell(item)] for item in values])


def _listed(columns: tuple[str, ...], rows: list[list[str]]) -> Table:
    kept = [_aligned(column) for column in zip(*rows[:MOST_ROWS], strict=True)]
    shown = tuple(zip(*kept, strict=True))
    return Table(columns, shown, len(rows) - len(shown))


def _aligned(column: tuple[str, ...]) -> tuple[str, ...]:
    """Where a figure of a column has separators, all have them."""
    if not any("," in text for text in column) or not _all_figures(column):
        return column
    return tuple(f"{int(text):,}" if _WHOLE.fullmatch(text) else text for text in column)


def _all_figures(column: Iterable[str]) -> bool:
    texts = [text for text in column if text not in ("–", "")]
    return bool(texts) and all(_FIGURE.fullmatch(text) for text in texts)


def _frame(value: Any) -> Any:
    """A pandas frame as columns and rows; others as plain values."""
    # by what it can do: importing pandas to ask for its class costs every report a second
    if hasattr(value, "columns") and hasattr(value, "itertuples"):
        columns = [str(name) for name in value.columns]
        return {"columns": columns, "rows": [plain(list(row)) for row in value.itertuples(index=False, name=None)]}
    return plain(value)
