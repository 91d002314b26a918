"""Figures and names for readers."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runbook_lib.core.text import readable_size
from runbook_lib.report.labels import block, brief_command, duration, moment, title_of


@pytest.mark.parametrize(("seconds", "words"), [
    (0.0123, "12 ms"), (3.21, "3.2 s"), (59.96, "1 min 00 s"), (247, "4 min 07 s"), (3720, "1 h 02 min"), (None, "–")])
def test_durations_read_like_durations(seconds, words):
    assert duration(seconds) == words


@pytest.mark.parametrize(("count", "words"), [(812, "812 B"), (4_414_509, "4.21 MiB"), (1010 * 2**20, "1010 MiB")])
def test_sizes_read_like_sizes(count, words):
    assert readable_size(count) == words


def test_times_and_titles():
    assert moment("2026-11-22T16:05:01.123Z") == "22 Nov 2026, 16:05:01 UTC"
    assert title_of("30_backup_database") == "30 Back up the database", "its heading"


def test_a_notebook_that_is_not_the_projects_is_titled_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNBOOK_HOME", str(tmp_path))
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "notebooks/31_drill.ipynb").write_text("not a notebook")
    (tmp_path / "elsewhere.ipynb").write_text('{"cells": [{"cell_type": "markdown", "source": "# Elsewhere", "metadata": {}}]}')
    assert title_of("30_backup_database") == "30 Backup database"
    assert title_of("31_drill") == "31 Drill", "damaged"
    assert title_of("../elsewhere") == "../elsewhere", "a name from an archive leads to no other folder"


@given(st.text())
def test_a_block_of_text_is_bounded(text):
    assert len(block(text * 10, 100)) < 200


def test_a_program_in_a_command_is_counted_in_lines_and_the_rest_stays():
    whole = shlex.join(("sh", "-ec", "one() { echo 'it''s'; }\none\n", "exec", "gw2-staging", "a word", "two\nlines"))
    assert brief_command(whole) == "sh -ec ‹3 lines› exec gw2-staging 'a word' ‹2 lines›"
    assert brief_command("docker compose up -d") == "docker compose up -d"
    assert brief_command("cut in the 'middle\n of it") == "cut in the 'middle\n of it"
