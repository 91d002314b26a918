"""All rules for one notebook in words, and what a template leaves to its author."""

from __future__ import annotations

from pathlib import Path

from runbook_lib.authoring.checking import RULES, asks, left_to_write, missing_in
from tests.unit.authoring.test_notebook_rules import put, write


def test_every_rule_says_what_it_asks_for() -> None:
    assert all(asks(rule).endswith(".") for rule in RULES)


def test_what_is_missing_comes_with_the_rule_that_asks_for_it(tmp_path: Path) -> None:
    runbook = write(tmp_path)
    (tmp_path / "README.md").unlink()
    (missing,) = missing_in(runbook)
    assert missing.rule == "README.md leads from what an operator sees to the notebook."
    assert "notebooks/49_disk.ipynb" in missing.what


def test_what_a_template_leaves_open_is_listed(tmp_path: Path) -> None:
    assert left_to_write(write(tmp_path, put(4, "## Plan\nTO WRITE: why"))) == ("cell 4: TO WRITE: why",)


def test_only_what_a_page_says_about_the_notebook_counts(tmp_path: Path) -> None:
    runbook = write(tmp_path)
    page = tmp_path / "docs/runbooks/observability.md"
    page.write_text("# Page\n[41](../../notebooks/49_disk.ipynb) TO WRITE a\n\n## Disk\n\nTO WRITE: b\n\n## Other\n\nTO WRITE: c\n")
    plan = tmp_path / "runbook_lib/capacity/plans/disk.py"
    plan.parent.mkdir(parents=True)
    plan.write_text('"""TO WRITE: d"""\n')
    lines = left_to_write(runbook)
    assert [line.rpartition(" ")[2].strip('"') for line in lines] == ["a", "b", "d"]
    assert lines[-1].startswith("runbook_lib/capacity/plans/disk.py: ")
