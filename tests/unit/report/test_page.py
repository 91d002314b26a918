"""Pictures in a page: from the run's own folder, in words too, never anything that acts."""

from __future__ import annotations

import base64
from pathlib import Path

import jinja2
import pytest

from runbook_lib.report import page

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 20


def test_a_chart_of_the_run_becomes_a_picture_with_words(tmp_path: Path) -> None:
    (tmp_path / "a.svg").write_text("<svg><title>Memory &amp; limits</title><desc>13 containers</desc></svg>")
    picture = page.picture_from_file(tmp_path, "a.svg")
    assert picture is not None
    assert picture.source.startswith("data:image/svg+xml;base64,")
    assert picture.alt == "Memory & limits. 13 containers"


@pytest.mark.parametrize("name", ["../secret.svg", "/etc/passwd", "missing.svg", "notes.txt"])
def test_no_other_file_becomes_a_picture(tmp_path: Path, name: str) -> None:
    (tmp_path / "secret.svg").write_text("<svg/>")
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "notes.txt").write_text("x")
    assert page.picture_from_file(folder, name) is None


def test_only_a_real_png_of_a_cell_is_shown() -> None:
    assert page.picture_from_base64(base64.b64encode(PNG).decode(), "chart") is not None
    assert page.picture_from_base64(base64.b64encode(b"<html>").decode(), "chart") is None
    assert page.picture_from_base64("%%%not base64", "chart") is None


def test_templates_escape_and_know_no_missing_name() -> None:
    templates = page.templates()
    assert templates.from_string("{{ x }}").render(x="<b>") == "&lt;b&gt;"
    with pytest.raises(jinja2.UndefinedError):
        templates.from_string("{{ missing }}").render()


def test_long_names_may_be_broken_and_are_escaped():
    assert page.breakable("two words") == "two words"
    assert page.breakable("staging_db_before_20261127_125121 & <b>") == (
        "staging_<wbr>db_<wbr>before_<wbr>20261127_<wbr>125121 &amp; &lt;b&gt;")
    assert "<script" not in page.breakable("/" * 30 + "<script>alert(1)</script>")


def test_a_name_of_an_alert_or_a_notebook_is_broken_between_its_words():
    """42 showed ServiceUnhealth and a y below it, 00 62_tuning_rev and iew."""
    assert page.breakable("ServiceUnhealthy fires") == "Service<wbr>Unhealthy fires"
    assert page.breakable("62_tuning_review") == "62_<wbr>tuning_<wbr>review"
    assert page.breakable("PostgreSQL 15 of 20261128T235633Z-a339c6") == "PostgreSQL 15 of 20261128T235633Z-<wbr>a339c6"


def test_a_commit_breaks_in_two_so_that_it_pushes_no_column_out_of_sight():
    """In JupyterLab 40 did not show whether a claim agrees, and wrote the names of its checks a word a line."""
    assert page.breakable(f"commit = {'f8edc809cf' * 4}") == f"commit = {'f8edc809cf' * 2}<wbr>{'f8edc809cf' * 2}"
    assert page.breakable("f8edc809cf509c8702bedb5b4a07") == "f8edc809cf509c8702bedb5b4a07"
    assert page.breakable("<" * 60).count("<wbr>") == 2


def test_an_indented_line_of_several_begins_where_it_did():
    assert page.breakable("Start it:\n" + " " * 20 + "make up") == "Start it:\n" + " " * 20 + "make up"


def test_what_stands_between_backticks_is_shown_as_code_and_escaped():
    assert page.prose("Run `df -h <b>`, then `x`.") == (
        'Run <code>df -h &lt;b&gt;</code>, then <code><span class="whole">x</span></code>'
        '<span class="whole">.</span>')
    assert page.prose("a lone ` is a character & stays") == "a lone ` is a character &amp; stays"
    assert page.prose("two lines `a\nb`") == "two lines `a\nb`"


def test_one_short_word_is_kept_whole_and_escaped():
    """A commit and the user root were broken in the middle, in the table from which a rollback is chosen."""
    assert page.breakable("077d37605210") == '<span class="whole">077d37605210</span>'
    assert page.breakable("<b>") == '<span class="whole">&lt;b&gt;</span>'
    assert (page.breakable(""), page.breakable("x" * 15)) == ("", "x" * 15)


def test_a_number_of_things_is_pluralized():
    assert page.templates().from_string("{{ 1|pluralize('step') }}, {{ 2|pluralize('step') }}").render() == "1 step, 2 steps"
