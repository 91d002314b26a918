"""docs/cli.md, made from the help texts: `python -m runbook_lib.cli.reference` writes it anew."""

from __future__ import annotations

from typing import Any

HEAD = """# The command line

Made from the help texts by `python -m runbook_lib.cli.reference`; a test keeps it fresh.
What the exit codes mean stands in [running.md](running.md).
"""


def reference() -> str:
    """The whole page (Markdown)."""
    import typer

    from runbook_lib.cli import app

    root: Any = typer.main.get_command(app)
    return "\n".join([HEAD, *_pages(root, ["runbook"])])


def _pages(command: Any, words: list[str]) -> list[str]:
    pages = [f"## `{' '.join(words)}`\n", f"{(command.help or '').strip()}\n"]
    rows = [_row(one) for one in command.params if one.name != "help"]
    if rows:
        pages += ["| | |", "|---|---|", *rows, ""]
    for name, below in sorted(getattr(command, "commands", {}).items()):
        pages += _pages(below, [*words, name])
    return pages


def _row(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        names = f"`{parameter.name.upper()}`"
    else:
        names = ", ".join(f"`{word}`" for word in parameter.opts)
    default = parameter.default
    shown = f" Default: {default}." if isinstance(default, int | float) and not isinstance(default, bool) else ""
    return f"| {names} | {getattr(parameter, 'help', '') or ''}{shown} |"


if __name__ == "__main__":
    from pathlib import Path

    (Path(__file__).parents[2] / "docs" / "cli.md").write_text(reference(), encoding="utf-8")
