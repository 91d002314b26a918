"""What is printed, put into JUnit or escaped into HTML is plain text: Markdown is not rendered there."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from runbook_lib.core.text import plain_text

ROOT = Path(__file__).parents[2]
# what writes pages and notebooks
MARKDOWN = ("runbook_lib/authoring/", "runbook_lib/cli/reference.py", "runbook_lib/report/markdown.py", "lab/app/", "lab/applications/")
EMPHASIS = re.compile(r"(?<![\w*/.)\]])\*\*?(?=[A-Za-z])[^*\n]*[\w.?!]\*\*?(?![\w*/(.])|\]\([^)\s]+\.(md|ipynb)[^)\s]*\)")
PATTERN = re.compile(r"\\|\[A-Z|\(\?")  # a regular expression, not a text


def texts(source: str) -> Iterator[tuple[int, str]]:
    """Line and text of every string that is not a docstring; what is filled in counts as a word."""
    tree = ast.parse(source)
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    left_out = {id(node.body[0].value) for node in ast.walk(tree)
                if isinstance(node, documented) and node.body and isinstance(node.body[0], ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            left_out |= {id(part) for part in node.values}
            yield node.lineno, "".join(str(part.value) if isinstance(part, ast.Constant) else "x" for part in node.values)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in left_out:
            yield node.lineno, node.value


def marked(source: str) -> list[str]:
    return [f"{line}: {found[0]}" for line, text in texts(source)
            if not PATTERN.search(text) and (found := EMPHASIS.search(text))]


def test_no_text_of_the_programs_has_marks_of_markdown() -> None:
    places = [path for folder in ("runbook_lib", "lab") for path in sorted((ROOT / folder).rglob("*.py"))
              if not path.relative_to(ROOT).as_posix().startswith(MARKDOWN)]
    assert len(places) > 300
    assert {path.relative_to(ROOT).as_posix(): found for path in places if (found := marked(path.read_text()))} == {}


@pytest.mark.parametrize("text", ["See *Is it known?* below.", "the cell *Rollback failed*,", "**Now** go", "see [20](20_deploy.ipynb)",
                                  "the step *{name}* of it"])
def test_a_mark_is_noticed(text: str) -> None:
    assert marked(f"x = f{text!r}")


@pytest.mark.parametrize("text", ["count(*) of 3 * 4", "a ** b ** c", "*/migrations/*.py", "SELECT * FROM x", "reply:*", "*args, *others"])
def test_an_asterisk_with_a_meaning_of_its_own_is_none(text: str) -> None:
    assert not marked(f"x = {text!r}")


@pytest.mark.parametrize(("markdown", "plain"), [
    ("**Now**: *try again* with `git`, [20 Deploy](20_deploy.ipynb)", "Now: try again with git, 20 Deploy"),
    ("**users get *try again* then.** More", "users get try again then. More"),
    ("2 * 3 * 4, a*b*c, *.py", "2 * 3 * 4, a*b*c, *.py"), ("", ""),
])
def test_markdown_is_read_as_plain_text_where_nothing_renders_it(markdown: str, plain: str) -> None:
    assert plain_text(markdown) == plain
