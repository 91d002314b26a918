"""The text forms that parts of an environment share."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from runbook_lib.environment.types import (
    AbsolutePath,
    ClockTime,
    Memory,
    Name,
    Percent,
    Port,
    SecretName,
    StrictModel,
    Text,
    memory_bytes,
)


@pytest.mark.parametrize(("form", "good", "bad"), [
    (Text, "x", ("", " ", "\n")), (AbsolutePath, "/srv/a-b_c.d", ("srv", "/a b", "/a;b")),
    (Memory, "512MB", ("512", "0MB", "512mb", "1.5GB")), (ClockTime, "02:00", ("2:00", "24:00", "02:60", "02:00:00")),
    (Name, "postgres-exporter", ("Postgres", "-x", "a b", "a" * 64)), (SecretName, "STAGING_DB_1", ("staging", "A", "1A", "A-B")),
    (Port, 22, (0, 65536)), (Percent, 10.0, (-1.0, 100.5)),
])
def test_a_form_takes_what_fits_and_nothing_else(form: Any, good: object, bad: tuple[object, ...]) -> None:
    adapter: TypeAdapter[object] = TypeAdapter(form)
    assert adapter.validate_python(good) == good
    for value in bad:
        with pytest.raises(ValidationError):
            adapter.validate_python(value)


@pytest.mark.parametrize(("text", "size_bytes"), [("512MB", 536_870_912), ("1GB", 1_073_741_824)])
def test_sizes_are_powers_of_1024_as_docker_counts(text: str, size_bytes: int) -> None:
    assert memory_bytes(text) == size_bytes


def test_a_model_converts_nothing_and_takes_no_unknown_key() -> None:
    class Part(StrictModel):
        count: int

    assert Part(count=1).count == 1
    for values in ({"count": "1"}, {"count": 1, "cuont": 2}, {}):
        with pytest.raises(ValidationError):
            Part.model_validate(values)
