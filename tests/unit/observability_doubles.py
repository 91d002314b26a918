"""A healthy environment as 40 Health surveys it, from the examples of the data cases, with changes at dotted places."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

from runbook_lib.environment import Environment
from runbook_lib.observability.facts.health_survey import HealthSurvey
from tests.unit.data_cases import resolved
from tests.unit.data_values import build, environment_with, put

HERE = Path(__file__).parent
EXAMPLES = {name: value for family in ("platform", "observability")
            for name, value in json.loads((HERE / family / "checks/data/_examples.json").read_text()).items()}
SERVICES = [one["service"] for one in EXAMPLES["all containers of green"]]


def staging(**changes: Any) -> Environment:
    return environment_with({place.replace("__", "."): value for place, value in changes.items()})


def survey(changes: dict[str, Any] | None = None) -> HealthSurvey:
    """Everything works and green is live, but for `changes`, e.g. {"replies.redis.reply": "down"}."""
    data = copy.deepcopy(resolved(EXAMPLES["green is healthy"], EXAMPLES))
    for place, value in (changes or {}).items():
        put(data, _numbered(place), resolved(value, EXAMPLES))
    made: HealthSurvey = build(HealthSurvey, data)
    return made


def _numbered(place: str) -> str:
    """A service's place in the lists of containers and replies, by its name."""
    parts = place.split(".")
    if len(parts) > 1 and parts[1] in SERVICES:
        parts[1] = str(SERVICES.index(parts[1]))
    return ".".join(parts)
