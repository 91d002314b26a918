"""The types a notebook parameter can have: how each takes a value and reads a text, and never guesses."""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from runbook_lib.contract.bounds import bound_of

_WORDS = {str: "text", int: "a whole number", float: "a number", bool: "true or false", type(None): "nothing"}
_TRUTH = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}


@dataclass(frozen=True)
class ParameterType:
    """A parameter's type: one of `base`, a list of it, one of `choices`; `optional` allows None."""

    base: type
    listed: bool = False
    optional: bool = False
    choices: tuple[Any, ...] = ()

    def __str__(self) -> str:
        if self.choices:
            return " or ".join(repr(choice) for choice in self.choices)
        words = f"a list of {self.base.__name__}" if self.listed else _WORDS[self.base]
        return f"{words}, or nothing" if self.optional else words

    def coerce(self, value: Any) -> Any:
        """`value` in this type, unchanged or an int widened to float. Raises ValueError for what does not fit."""
        if value is None and self.optional:
            return None
        if self.choices:
            # True == 1 and 1 == 1.0 in Python; a choice is meant as it is written
            if not any(value == choice and type(value) is type(choice) for choice in self.choices):
                raise ValueError(f"should be {self}, got {value!r}")
            return value
        if self.listed:
            if not isinstance(value, list | tuple):
                raise ValueError(f"should be {self}, got {_shown(value)}")
            return [self._single(item) for item in value]
        return self._single(value)

    def parse(self, text: str) -> Any:
        """What a text on a command line means; a list is written with commas, also in [ ]. Raises ValueError."""
        if self.optional and text.strip().lower() in ("none", "null"):
            return None
        if self.choices:
            by_text = {str(choice): choice for choice in self.choices}
            return self.coerce(by_text.get(text, text))
        if self.listed:
            # as `runbook show` prints a default, and as a parameter file or JSON has it: [a, "b"]
            inner = re.fullmatch(r"\s*\[([^\[\]]*)\]\s*", text)
            items = (_unquoted(item.strip()) for item in (inner[1] if inner else text).split(","))
            return [self._parse_single(item) for item in items if item]
        return self._parse_single(text)

    def _single(self, value: Any) -> Any:
        # 30 is a number of seconds as good as 30.0; nothing else is widened
        if self.base is float and type(value) is int:
            return float(value)
        # not isinstance: True is an int in Python, and would be a count
        if type(value) is not self.base:
            hint = ""
            if self.base is str and isinstance(value, int | float):
                hint = "; write it in quotes (with papermill: -r instead of -p), so that 1.10 stays 1.10"
            raise ValueError(f"should be {_WORDS[self.base]}, got {_shown(value)}{hint}")
        # a limit of inf or nan would never be reached, silently
        if isinstance(value, float) and not math.isfinite(value):
            raise ValueError(f"should be a finite number, got {value}")
        return value

    def _parse_single(self, text: str) -> Any:
        if self.base is str:
            return text
        if self.base is bool:
            if text.lower() not in _TRUTH:
                raise ValueError(f"should be true or false, got {text!r}")
            return _TRUTH[text.lower()]
        # int() and float() take more than an operator means: 1_000, ٣, nan
        pattern = r"[+-]?\d+" if self.base is int else r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?"
        if not re.fullmatch(pattern, text.strip()):
            raise ValueError(f"should be {_WORDS[self.base]}, got {text!r}")
        return self._single(self.base(text))


def _unquoted(item: str) -> str:
    """An item without the quotes around it, of either kind."""
    return item[1:-1] if len(item) >= 2 and item[0] == item[-1] and item[0] in "\"'" else item


def type_of(annotation: ast.expr) -> ParameterType:
    """The type an annotation names: str int float bool, `X | None`, list[X], Literal[…]. Raises ValueError."""
    match annotation:
        case ast.Name(id="str" | "int" | "float" | "bool" as name):
            return ParameterType({"str": str, "int": int, "float": float, "bool": bool}[name])
        case ast.BinOp(left=left, op=ast.BitOr(), right=ast.Constant(value=None)):
            inner = type_of(left)
            return ParameterType(inner.base, inner.listed, True, inner.choices)
        case ast.Subscript(value=ast.Name(id="list"), slice=ast.Name() as item):
            return ParameterType(type_of(item).base, listed=True)
        case ast.Subscript(value=ast.Name(id="Literal"), slice=chosen):
            items = chosen.elts if isinstance(chosen, ast.Tuple) else [chosen]
            choices = tuple(ast.literal_eval(item) for item in items)
            return ParameterType(type(choices[0]), choices=choices)
    raise ValueError(f"`{ast.unparse(annotation)}` is not a type a parameter can have")


def validator_for(name: str, default: Any = None) -> Callable[[Any], Any]:
    """What a parameter of that name must hold beyond its type, in every notebook.

    Common words have their choices only where the notebook's own `default` is one of them.
    """
    choices = _CHOICES.get(name, ())
    if choices and (name in _EVERYWHERE or default in choices):
        return lambda value: _choice(value, choices)
    return bound_of(name, default) or _VALIDATORS.get(name, lambda value: value)


def _choice(value: Any, choices: tuple[str, ...]) -> Any:
    if value not in choices:
        *first, last = map(repr, choices)
        raise ValueError(f"should be {', '.join(first)} or {last}, got {_shown(value)}")
    return value


def _ref(value: Any) -> Any:
    if value in ("", None):
        return value
    # git takes more (`a;id`, `--upload-pack=…`); what passes is safe as an argument, and then resolved to a commit
    well_formed = re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._/+-]{0,199}", value)
    if not well_formed or ".." in value or "//" in value or ".lock" in value or value.endswith(("/", ".")):
        raise ValueError(f"should be a tag, a branch or a commit, got {_shown(value)}")
    return value


def _environment(value: Any) -> Any:
    if not isinstance(value, str) or not value.strip() or "\0" in value:
        raise ValueError("should name a file in parameters/environments")
    return value


def _plan_hash(value: Any) -> Any:
    if value and not re.fullmatch(r"[0-9a-f]{16}", value):
        raise ValueError(f"should be the 16 hex digits that plan mode shows, got {_shown(value)}")
    return value


def _file_name(value: Any) -> Any:
    if value and not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}", value):
        raise ValueError(f"should be a name from the table that the notebook shows, got {_shown(value)}")
    return value


def _seconds(value: Any) -> Any:
    if value is not None and value < 0:
        raise ValueError(f"should be 0 or more seconds, or nothing: as the environment says; got {value:g}")
    return value


# the families check them again where they are used: here they are refused before anything is contacted
_CHOICES: dict[str, tuple[str, ...]] = {
    "mode": ("plan", "apply"), "database": ("keep", "downgrade", "restore"), "sessions": ("keep", "end"),
    "breaking_migration": ("refuse", "accept"), "schedules": ("installed", "removed"), "model": ("open", "closed"),
    "try_now": ("nothing", "backup_database", "backup_configuration"),
}
_EVERYWHERE = ("mode", "database")
_VALIDATORS: dict[str, Callable[[Any], Any]] = {
    "ref": _ref, "to": _ref, "environment": _environment, "plan_hash": _plan_hash,
    "backup": _file_name, "older": _file_name, "from_project": _file_name, "drop_retained": _file_name,
    "watch_s": _seconds,
}


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"
