"""What the other parts of the project use of the archive is there under one name."""

from __future__ import annotations

import pytest

from runbook_lib.archive import runs


@pytest.mark.parametrize("name", runs.__all__)
def test_a_public_name_is_there_with_its_docstring(name):
    assert getattr(runs, name).__doc__


def test_names_are_sorted_without_case():
    assert list(runs.__all__) == sorted(runs.__all__, key=lambda name: (not name[0].isupper(), name))
