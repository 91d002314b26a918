"""The reference of the environment file has a section for every mapping and a line for every key of the model."""

from __future__ import annotations

import re

from pydantic import BaseModel

from runbook_lib.authoring.environment_page import environment_page
from runbook_lib.environment.model import Environment


def test_every_mapping_has_a_section_and_every_key_a_line() -> None:
    page = environment_page({})
    # a model may be in several places, each of which has a section of its own
    sections = re.findall(r"(?m)^## (.+)$", page)
    assert len(sections) == len(set(sections))
    for name, model in Environment.model_json_schema()["$defs"].items():
        assert model["description"].split(".")[0].replace("\n", " ") in page, name
    for key in Environment.model_fields:
        assert f"| `{key}` |" in page
    assert issubclass(Environment, BaseModel)


def test_types_defaults_and_samples_are_in_an_operators_words() -> None:
    page = environment_page({"server": {"port": 2222}, "services": {"api": {"critical": True}}})
    assert "| `port` | whole number from 1 to 65535 | `22` | `2222` |" in page
    assert "| `critical` | true or false | `true` | `true` |" in page
    assert "| `memory` | memory, e.g. 512MB | none |  |" in page
    assert "| `ports` | list of whole numbers from 1 to 65535 | none |  |" in page


def test_no_pattern_reaches_the_page() -> None:
    table = [line for line in environment_page({}).splitlines() if line.startswith("| `")]
    assert [line for line in table if "^" in line or "| string |" in line] == []
