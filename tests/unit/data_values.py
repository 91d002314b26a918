"""JSON ↔ the package's own values, for tests that are data: dataclasses by their types, datetimes as ISO text."""

from __future__ import annotations

import json
import types
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel

from runbook_lib.core.redaction import Secret
from runbook_lib.environment import Environment, load_environment
from tests.unit.shop_environment import shop

ROWS = {tuple: tuple, list: list, set: set, frozenset: frozenset, Sequence: tuple, Iterable: tuple, AbstractSet: frozenset}


hints_of = cache(get_type_hints)  # they are evaluated each time, and the same few types are built thousands of times


def build(kind: Any, value: Any) -> Any:
    """The value of a type that JSON stands for. Raises TypeError or ValueError, naming the type, when it does not fit."""
    origin, inner = get_origin(kind), get_args(kind)
    if kind is Any:
        return value
    if origin in (Union, types.UnionType):
        return _first_fitting(inner, value)
    if origin is Literal:
        return _one_of(value, inner)
    if origin in ROWS or kind in ROWS:
        return _row(origin or kind, inner, value)
    if (origin or kind) in (dict, Mapping):
        of = inner or (Any, Any)
        return {int(key) if of[0] is int else build(of[0], key): build(of[1], one) for key, one in _of_type(dict, value).items()}
    if origin is Callable:
        return value  # a check that never calls it is given null
    if kind is datetime:
        return datetime.fromisoformat(_of_type(str, value))
    return _instance(kind, value)


def _instance(kind: Any, value: Any) -> Any:
    if kind is Environment:
        return environment_with(value)
    if kind is Secret:
        return Secret("secret", _of_type(str, value))
    if is_dataclass(kind):
        return _dataclass(kind, _of_type(dict, value))
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return kind.model_validate(value)
    if isinstance(kind, type) and issubclass(kind, Enum | Path):
        return kind(value)
    if kind is float and type(value) is int:
        return float(value)
    if kind is bytes:
        return _of_type(str, value).encode()
    if isinstance(kind, type) and isinstance(value, dict) and not issubclass(kind, dict):
        taken = hints_of(kind.__init__)
        if unknown := set(value) - set(taken):
            raise TypeError(f"{kind.__name__} takes no {', '.join(sorted(unknown))}")
        return kind(**{name: build(taken[name], one) for name, one in value.items()})
    return _of_type(type(None) if kind is None else kind, value)


def _first_fitting(kinds: tuple[Any, ...], value: Any) -> Any:
    faults = []
    for kind in kinds:
        try:
            return build(kind, value)
        except (TypeError, ValueError) as error:
            faults.append(str(error))
    raise TypeError("; ".join(faults))


def _one_of(value: Any, allowed: tuple[Any, ...]) -> Any:
    if value not in allowed:
        raise ValueError(f"{value!r} is not one of {allowed}")
    return value


def _row(container: Any, inner: tuple[Any, ...], value: Any) -> Any:
    values = _of_type(list, value)
    if container is tuple and inner and inner[-1] is not Ellipsis:
        return tuple(build(kind, one) for kind, one in zip(inner, values, strict=True))
    kind = inner[0] if inner else Any
    return ROWS[container](build(kind, one) for one in values)


def _dataclass(kind: Any, value: dict[str, Any]) -> Any:
    hints, known = hints_of(kind), {one.name for one in fields(kind)}
    if unknown := sorted(set(value) - known):
        raise TypeError(f"{kind.__name__} has no {', '.join(unknown)}; it has {', '.join(sorted(known))}")
    return kind(**{name: build(hints[name], one) for name, one in value.items()})


def _of_type(kind: Any, value: Any) -> Any:
    # exact for bool and int, which are each other's kind in Python and not in JSON
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise TypeError(f"expected {getattr(kind, '__name__', kind)}, got {value!r}")
    return value


def environment_with(changes: Mapping[str, Any] | None = None) -> Environment:
    """The `staging` environment, with values replaced at dotted places: {"backup.keep_days": 3}.

    {"name": "shop"} is the lab's second application, with whole keys of its file replaced.
    """
    if not changes:
        return _staging()
    if changes.get("name") == "shop":
        return shop(**{name: value for name, value in changes.items() if name != "name"})
    data = json.loads(_staging_as_json())
    if "services" in changes:  # staging's claims and tuning are about its own services, and its data are in them
        put(data, "health.claims", {})
        for endpoint in data["health"]["endpoints"].values():
            endpoint["service"] = next(iter(changes["services"]), "")
        data["smoke"]["service"] = next(iter(changes["services"]), "")
        put(data, "capacity.resources", {})  # each of them names its service
        alone = [name for name, one in changes["services"].items() if not one.get("coloured")]
        database = "postgres" if "postgres" in alone or not alone else alone[0]
        put(data, "database.service", database)
        if "redis" not in alone or database == "redis":
            data |= {"cache": None, "without": {"cache": "the case is about other services"}}
        put(data, "tuning.backend", data["tuning"]["backend"] | {"variables": {}, "cached": []})
        put(data, "tuning.redis.session_keys", None)
        for part in data["tuning"].values():
            part.update({name: None for name in ("service", "process") if name in part})
    for place, value in changes.items():
        put(data, place, data["services"] | value if place == "services" else value)
    whole = Environment.model_validate(data, strict=False)
    return _alone(whole, changes["services"]) if "services" in changes else whole


def _alone(environment: Environment, names: Mapping[str, Any]) -> Environment:
    """Without the services that a case does not name: a whole plan is then compared with what the case is about."""
    return environment.model_copy(update={"services": {name: environment.services[name] for name in names}})


@cache
def _staging() -> Environment:
    return load_environment("staging")


@cache
def _staging_as_json() -> str:
    return _staging().model_dump_json()


def put(data: Any, place: str, value: Any) -> None:
    """Replace the value at a dotted place of JSON, e.g. "containers.0.state". Raises KeyError, naming the place."""
    *above, last = place.split(".")
    at = data
    try:
        for part in above:
            at = at[int(part)] if isinstance(at, list) else at[part]
        at[int(last) if isinstance(at, list) else last] = value
    except (KeyError, IndexError, ValueError, TypeError) as error:
        raise KeyError(f"there is no {place}") from error


def differences(actual: Any, expected: Any, place: str = "") -> list[str]:
    """Where a value differs from JSON. A dataclass is compared in the fields and properties that are named; the rest whole."""
    if isinstance(expected, dict) and not isinstance(actual, Mapping) and actual is not None and hasattr(actual, "__dict__"):
        missing = [name for name in expected if not hasattr(actual, name)]
        found = [line for name, value in expected.items() if name not in missing
                 for line in differences(getattr(actual, name), value, f"{place}.{name}")]
        return [*found, *(f"{place}.{name}: {type(actual).__name__} has no such name" for name in missing)]
    if isinstance(expected, list) and isinstance(actual, list | tuple):
        if len(actual) != len(expected):
            return [f"{place}: {len(actual)} values, expected {len(expected)}: {as_json(actual)!r}"]
        return [line for at, (one, value) in enumerate(zip(actual, expected, strict=True))
                for line in differences(one, value, f"{place}[{at}]")]
    shown = as_json(actual)
    if isinstance(expected, float) and isinstance(shown, int | float):
        return [] if abs(shown - expected) <= 1e-6 * max(1.0, abs(expected)) else [f"{place}: {shown}, expected {expected}"]
    return [] if shown == expected and type(shown) is type(expected) else [f"{place}: {shown!r}, expected {expected!r}"]


def as_json(value: Any) -> Any:
    """A fact as JSON: dataclasses and mappings as objects, sets sorted, times as ISO text."""
    if is_dataclass(value) and not isinstance(value, type):
        return {one.name: as_json(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): as_json(one) for key, one in value.items()}
    if isinstance(value, set | frozenset):
        return sorted(as_json(one) for one in value)
    if isinstance(value, list | tuple):
        return [as_json(one) for one in value]
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)
