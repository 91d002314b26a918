"""How commands print what a machine reads."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Print machine-readable JSON.")]


def print_json(value: Any) -> None:
    """Print `value` as indented JSON; what JSON does not know (paths, times) as text."""
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False, default=str))
