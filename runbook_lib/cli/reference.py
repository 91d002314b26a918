"""The pages of docs/ that are made from the code: `python -m runbook_lib.cli.reference` writes them anew."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

HEAD = """# The command line

Made from the help texts by `python -m runbook_lib.cli.reference`; a test keeps it fresh.
[exit-codes.md](exit-codes.md) says what the exit codes mean.
"""


def pages(root: Path) -> dict[str, Callable[[], str]]:
    """What makes each generated page (Markdown), by the page's path below the project's folder `root`."""
    import yaml

    from runbook_lib.authoring.architecture_page import with_fresh_lists
    from runbook_lib.authoring.decision_index import decision_index
    from runbook_lib.authoring.environment_page import environment_page
    from runbook_lib.authoring.error_page import error_page
    from runbook_lib.authoring.floor_plan import floor_plan
    from runbook_lib.authoring.names_page import names_page

    def environment() -> str:
        plan = (root / "parameters" / "environments" / "staging.yaml").read_text(encoding="utf-8")
        return environment_page(yaml.safe_load(plan))

    def architecture() -> str:
        return with_fresh_lists((root / "docs" / "architecture.md").read_text(encoding="utf-8"))

    return {
        "docs/architecture.md": architecture,
        "docs/images/layers.svg": floor_plan,
        "docs/reference/names.md": names_page,
        "docs/reference/cli.md": command_line_page,
        "docs/reference/environment-file.md": environment,
        "docs/reference/errors.md": error_page,
        "docs/decisions/README.md": lambda: decision_index(root / "docs" / "decisions"),
    }


def command_line_page() -> str:
    """The page of the command line (Markdown): every command with its arguments and options."""
    import typer

    from runbook_lib.cli import app

    root: Any = typer.main.get_command(app)
    return "\n".join([HEAD, *_commands(root, ["runbook"])])


def _commands(command: Any, words: list[str]) -> list[str]:
    made = [f"## `{' '.join(words)}`\n", f"{(command.help or '').strip()}\n"]
    rows = [_row(one) for one in command.params if one.name != "help"]
    if rows:
        made += ["| | |", "|---|---|", *rows, ""]
    for name, below in sorted(getattr(command, "commands", {}).items()):
        made += _commands(below, [*words, name])
    return made


def _row(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        names = f"`{parameter.name.upper()}`"
    else:
        names = ", ".join(f"`{word}`" for word in parameter.opts)
    default = parameter.default
    shown = f" Default: {default}." if isinstance(default, int | float) and not isinstance(default, bool) else ""
    return f"| {names} | {getattr(parameter, 'help', '') or ''}{shown} |"


def write_pages(root: Path) -> tuple[Path, ...]:
    """Write every generated page below the project's folder that is not as it would be made now; returns these."""
    written = []
    for name, page in pages(root).items():
        path, text = root / name, page()
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            written.append(path)
    return tuple(written)


def main() -> None:
    """Write every generated page of this checkout."""
    write_pages(Path(__file__).parents[2])


if __name__ == "__main__":
    main()
