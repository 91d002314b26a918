"""The names that notebooks import: each is there, documented, and loaded only when it is used."""

from __future__ import annotations

import subprocess
import sys

import pytest

import runbook_lib


@pytest.mark.parametrize("name", runbook_lib.__all__)
def test_every_public_name_can_be_imported_and_is_documented(name: str) -> None:
    value = getattr(runbook_lib, name)
    assert value.__doc__


def test_a_name_that_is_not_public_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no public name 'open_rum'"):
        runbook_lib.open_rum  # noqa: B018


def test_importing_the_package_loads_none_of_its_rooms() -> None:
    probe = "import sys, runbook_lib; print([name for name in sys.modules if name.startswith('runbook_lib.')])"
    done = subprocess.run((sys.executable, "-c", probe), capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
