"""JSON that was not written by this process: a server's replies, files of a server or an operator, log lines.

Python's own reader takes more than JSON, and fails in more ways than ValueError: thousands of brackets end in
RecursionError, NaN and 1e999 become values that no check expects, of a name given twice the last wins silently, and
half a surrogate pair is a text that cannot be written anywhere. One reader refuses them all, in one way.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from enum import Enum
from typing import Any, TypeVar

from runbook_lib.core.text import lines_of

Record = TypeVar("Record")

LONGEST = 64_000_000  # characters: more than any reply that is kept
DEEPEST = 100  # levels: what walks through a value later does so with Python's own stack
LONGEST_NUMBER = 64  # digits
_LONG_NUMBER = re.compile(rf"\d{{{LONGEST_NUMBER + 1}}}|[eE]\+?\d{{3}}")
_HALF_PAIR = re.compile("[\ud800-\udfff]")
_HALF_PAIR_ESCAPED = re.compile(r"\\u[dD][89a-fA-F]")


class NotJson(ValueError):
    """The text is not JSON, or JSON that no reader of ours could use: `msg` says what is wrong, `lineno` where."""

    def __init__(self, msg: str, lineno: int = 1, place: str = "") -> None:
        super().__init__(f"{msg}{place}")
        self.msg, self.lineno = msg, lineno


def read_records(text: str, read: Callable[[Any], Record]) -> tuple[tuple[Record, ...], int]:
    """The values that `read` makes of a text's lines of JSON, and how many lines are no such record.

    A line that a crash truncated, or that a later version wrote, is counted and never taken for a record.
    """
    found, unreadable = [], 0
    for line in lines_of(text):
        try:
            found.append(read(read_json(line)))
        except (ValueError, KeyError, TypeError, AttributeError):
            unreadable += 1 if line.strip() else 0
    return tuple(found), unreadable


def read_json(text: str | bytes, *, strict: bool = True) -> Any:
    """The value of a JSON text; bytes are UTF-8. Raises NotJson, a ValueError, whatever the text is.

    Not `strict`: of a name that occurs twice the last counts, and half a surrogate pair stays. So with log lines, whose
    writers are careless, and with files of ours whose names are not text.
    """
    if len(text) > LONGEST:
        raise NotJson(f"{len(text):,} characters, more than {LONGEST:,}")
    try:
        shown = text.decode("utf-8-sig") if isinstance(text, bytes) else text
        long = _LONG_NUMBER.search(shown) is not None
        value = json.loads(
            shown, parse_constant=_no_number, object_pairs_hook=_unique if strict else None,
            # only where one may be: a function of ours for each number is slow
            parse_int=_whole if long else None, parse_float=_finite if long else None)
    except RecursionError:
        raise NotJson(f"nested deeper than {DEEPEST} levels") from None
    except NotJson:
        raise
    except json.JSONDecodeError as error:
        raise NotJson(error.msg, error.lineno, f": line {error.lineno} column {error.colno}") from None
    except ValueError as error:
        raise NotJson(str(error)) from None
    # one bracket a level at least
    if shown.count("[") + shown.count("{") > DEEPEST and _is_too_deep(value):
        raise NotJson(f"nested deeper than {DEEPEST} levels")
    if strict and (_HALF_PAIR_ESCAPED.search(shown) or _HALF_PAIR.search(shown)):
        _refuse_half_pairs(value)
    return value


def read_object(text: str | bytes, *, strict: bool = True) -> dict[str, Any]:
    """The value of a text that is a JSON object. Raises NotJson for anything else."""
    value = read_json(text, strict=strict)
    if not isinstance(value, dict):
        raise NotJson(f"{kind_of(value)}, not a JSON object")
    return value


def kind_of(value: Any) -> str:
    """What a value is in JSON's words, with its article: "a list", "null", "a number"."""
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    kinds = ((dict, "an object"), (list, "a list"), (str, "a text"))
    return next((name for kind, name in kinds if isinstance(value, kind)), "a number")


class Missing(Enum):
    """What a document does not have: null is a value, and a place without any is not."""

    MISSING = "missing"


MISSING = Missing.MISSING


def value_at(document: Any, place: str) -> Any:
    """What lies at a dotted place of a JSON document; MISSING where nothing does. A name may hold dots itself."""
    if not isinstance(document, dict):
        return MISSING
    if place in document:
        return document[place]
    first, _, rest = place.partition(".")
    return value_at(document.get(first), rest) if rest else MISSING


def same_json(one: Any, other: Any) -> bool:
    """Whether two values are the same in JSON: 1.0 is 1 there, true is not, and the order of names does not count.

    MISSING is the same as no value, null included.
    """
    if one is MISSING or other is MISSING:
        return False
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same_json(one[name], other[name]) for name in one)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(same_json, one, other))
    # Python takes true for 1
    return isinstance(one, bool) is isinstance(other, bool) and bool(one == other)


def _no_number(name: str) -> None:
    raise NotJson(f"{name} is not a number in JSON")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise NotJson(f"the name {twice[:80]!r} occurs twice in one object")
    return found


def _whole(digits: str) -> int:
    if len(digits) > LONGEST_NUMBER:
        raise NotJson(f"a number of {len(digits):,} digits")
    return int(digits)


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise NotJson(f"{text[:40]} is too large for a number")
    return value


def _is_too_deep(value: Any) -> bool:
    level = [value]
    for _ in range(DEEPEST):
        level = [inner for one in level if isinstance(one, list | dict)
                 for inner in (one.values() if isinstance(one, dict) else one)]
        if not level:
            return False
    return any(isinstance(one, list | dict) for one in level)


def _refuse_half_pairs(value: Any) -> None:
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            waiting += [*one, *one.values()]
        elif isinstance(one, list):
            waiting += one
        elif isinstance(one, str) and _HALF_PAIR.search(one):
            raise NotJson("half a surrogate pair is not a character")
