"""The names that notebooks use: each is there, documented, and loaded only when it is used."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import runbook_lib


def public_names(package: ModuleType, prefix: str = "") -> dict[str, Any]:
    """Every public name below a package, dotted, with its value."""
    found: dict[str, Any] = {}
    for name in package.__all__:
        value = getattr(package, name)
        found[f"{prefix}{name}"] = value
        if isinstance(value, ModuleType) and hasattr(value, "__all__"):
            found |= public_names(value, f"{prefix}{name}.")
    return found


def test_every_public_name_can_be_loaded_and_is_documented() -> None:
    names = public_names(runbook_lib)
    assert "recovery.checks" in names
    assert [name for name, value in names.items() if not value.__doc__] == []


@pytest.mark.parametrize("package", ["runbook_lib", "runbook_lib.recovery", "runbook_lib.recovery.checks"])
def test_a_name_that_is_not_public_is_an_attribute_error(package: str) -> None:
    with pytest.raises(AttributeError, match=f"module '{package}' has no public name 'open_rum'"):
        import_module(package).open_rum  # noqa: B018


@pytest.mark.parametrize("folder", [path.parent for path in Path(runbook_lib.__file__).parent.rglob("__init__.py")],
                         ids=lambda folder: folder.name)
def test_no_public_name_is_hidden_by_a_module_of_that_name(folder: Path) -> None:
    """Importing a module sets its name in its package: from then on a function of that name would be out of reach."""
    package = import_module(".".join(folder.relative_to(Path(runbook_lib.__file__).parents[1]).parts))
    modules = {one.stem for one in folder.iterdir()} - {"__init__"}
    hidden = [name for name in modules & set(getattr(package, "__all__", ()))
              if not isinstance(getattr(package, name), ModuleType)]
    offered_twice = [name for name, home in getattr(package, "_HOMES", {}).items() if name in modules and home != name]
    assert (hidden, offered_twice) == ([], [])


def test_tab_completion_offers_the_public_names() -> None:
    assert "survey" in dir(runbook_lib.recovery)
    assert "overview" in dir(runbook_lib.observability.checks)


def test_importing_the_package_loads_none_of_its_rooms() -> None:
    probe = "import sys, runbook_lib; print([name for name in sys.modules if name.startswith('runbook_lib.')])"
    done = subprocess.run((sys.executable, "-c", probe), capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['runbook_lib.core', 'runbook_lib.core.lazy']"
