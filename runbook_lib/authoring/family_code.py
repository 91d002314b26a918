"""The code behind a new notebook: its contract's test, and for one that changes something an empty plan to fill."""

from __future__ import annotations

import re
from pathlib import Path

from runbook_lib.authoring.layers import MOST_PUBLIC_NAMES, ROOMS
from runbook_lib.authoring.place_rules import LAB_RUNS
from runbook_lib.authoring.template import Draft
from runbook_lib.core.errors import UsageError

HOMES = re.compile(r"^_HOMES(?:: dict\[str, str\])? = \{\n(.*?)^\}", re.DOTALL | re.MULTILINE)
CONTRACT_TEST = '''"""What notebook {name} may be given, and what is refused before a kernel starts."""

from __future__ import annotations

import pytest

from runbook_lib.contract import read_contract
from runbook_lib.core.errors import BadParameter

CONTRACT = read_contract("{name}")


def test_its_defaults_change_nothing() -> None:
    values = CONTRACT.check({{}})
    assert values["environment"] == "lab"
    {assertion}


@pytest.mark.parametrize(("values", "fault"), [
    ({{"enviroment": "lab"}}, "did you mean 'environment'"),
    ({{"environment": 7}}, "should be text"),
    ({{"password": "x"}}, "password"),
])
def test_what_it_does_not_know_is_refused(values: dict[str, object], fault: str) -> None:
    with pytest.raises(BadParameter, match=fault):
        CONTRACT.check(values)
'''
PLAN = '''"""{title}: the steps, from facts and environment. Pure."""

from __future__ import annotations

from runbook_lib.core.plan import Plan
from runbook_lib.environment import Environment
from runbook_lib.platform.facts.server import ServerState


def {plan}(server: ServerState, environment: Environment) -> Plan:
    """Steps of notebook {number}, each with its undo. TO WRITE: compare `server` with `environment`."""
    return Plan("{word}", environment.name, reason="no steps are written yet")
'''
PLAN_TEST = '''"""The plan of notebook {name}."""

from __future__ import annotations

from runbook_lib.environment import load_environment
from runbook_lib.{family}.plans.{word} import {plan}
from runbook_lib.platform.facts.server import ServerState

SERVER = ServerState(disks=(), memory_bytes=2**32, memory_available_bytes=2**31, load_1m=0.5, cpus=2,
                     clock_ahead_s=0.0, versions={{}})


def test_a_plan_without_steps_gives_the_reason() -> None:
    plan = {plan}(SERVER, load_environment("staging"))
    assert plan.steps == ()
    assert plan.reason
'''
PACKAGE = '''"""{family} (runbooks {number} and up)."""

from runbook_lib.core.lazy import loader

_HOMES = {{
}}

__all__ = list(_HOMES)
__getattr__ = loader(__name__, _HOMES)


def __dir__() -> list[str]:
    return __all__
'''
# for the plans of a family that has no name left for another
ROOM = """
from runbook_lib.core.lazy import loader

_HOMES: dict[str, str] = {
}

__all__ = list(_HOMES)
__getattr__ = loader(__name__, _HOMES)


def __dir__() -> list[str]:
    return __all__
"""
PLANS = '"""Pure plans: facts and environment, as steps with their undo."""\n'
RUN = """# .venv/bin/papermill notebooks/{name}.ipynb outputs/{name}.ipynb -f parameters/runs/{file}
environment: staging
{mode}reason: "{title}"
"""


def made_files(draft: Draft, root: Path) -> dict[Path, str]:
    """Every file behind the notebook, new or changed, with its text. Raises UsageError where a family is full."""
    fields = {"name": draft.name, "title": draft.title, "number": draft.number, "word": draft.word,
              "family": draft.family, "plan": draft.plan}
    safe = 'assert values["mode"] == "plan"' if draft.plan else "assert not CONTRACT.changes_things"
    tests = root / "tests/unit" / draft.family
    run = _run_file(draft, root)
    mode = "mode: apply\nconfirm: staging\n" if draft.plan else ""
    lab_runs = root / LAB_RUNS
    files = {
        lab_runs: with_lab_run(lab_runs.read_text(encoding="utf-8"), draft.name, lab_runs),
        tests / f"notebooks/test_{draft.name}.py": CONTRACT_TEST.format(**fields, assertion=safe),
        run: RUN.format(**fields, file=run.name, mode=mode),
    }
    if draft.plan:
        files[tests / f"plans/test_{draft.word}.py"] = PLAN_TEST.format(**fields)
        files |= _plan_files(draft, root, fields)
    return files


def _run_file(draft: Draft, root: Path) -> Path:
    folder = root / "parameters/runs"
    plain = folder / f"{draft.word.replace('_', '-')}.yaml"
    return folder / f"{draft.number}-{plain.name}" if plain.exists() else plain


def _plan_files(draft: Draft, root: Path, fields: dict[str, str]) -> dict[Path, str]:
    """The plan's module, and its public name in the family; the family itself where this is its first plan."""
    package = root / "runbook_lib"
    family = package / draft.family
    init, plans = family / "__init__.py", family / "plans/__init__.py"
    home = f"runbook_lib.{draft.family}.plans.{draft.word}"
    known = init.read_text(encoding="utf-8") if init.is_file() else PACKAGE.format(
        **{**fields, "family": draft.family.capitalize()})
    files = {family / f"plans/{draft.word}.py": PLAN.format(**fields)}
    if draft.room:
        room = plans.read_text(encoding="utf-8")
        files[plans] = with_name(room if "_HOMES" in room else room + ROOM, draft.plan, home, plans)
        if "plans" not in names_in(known):
            files[init] = with_name(known, "plans", "plans", init)
    else:
        files[init] = with_name(known, draft.plan, home, init)
    if not plans.is_file():
        files[plans] = PLANS
    if not init.is_file():
        top = package / "__init__.py"
        files[top] = with_name(top.read_text(encoding="utf-8"), draft.family, draft.family, top)
    return files


def with_lab_run(text: str, name: str, path: Path) -> str:
    """The test of runs on the lab with one more notebook, by number. Raises UsageError where it has no table RUNS."""
    found = re.search(r"^RUNS = \{\n(.*?)^\}", text, re.DOTALL | re.MULTILINE)
    if found is None:
        raise UsageError("There is no table RUNS.", where=str(path), next_step="Restore the file from git.")
    lines = found[1].splitlines(keepends=True)
    place = next((place for place, line in enumerate(lines) if line.strip().strip('"') > name), len(lines))
    # a template's plan has no steps, so that its run has nothing to apply and passes
    made = [*lines[:place], f'    "{name}": ((), 0, "passed"),\n', *lines[place:]]
    return f"{text[:found.start(1)]}{''.join(made)}{text[found.end(1):]}"


def room_for_plans(family: Path) -> str:
    """Where a family (its folder) offers one more plan: empty for the family itself, `plans` where that is full.

    A family that has plans in that room keeps all further ones there, so that authors find them in one place.
    """
    init = family / "__init__.py"
    names = names_in(init.read_text(encoding="utf-8")) if init.is_file() else []
    return "plans" if "plans" in names or _counted(names) >= MOST_PUBLIC_NAMES else ""


def names_in(text: str) -> list[str]:
    """The public names in a package's text, rooms included."""
    found = HOMES.search(text)
    return re.findall(r'^    "(\w+)":', found[1], re.MULTILINE) if found else []


def _counted(names: list[str]) -> int:
    return sum(name not in ROOMS for name in names)


def with_name(text: str, name: str, home: str, path: Path) -> str:
    """A package's text with one more public name. Raises UsageError where it has all the names it may have."""
    found, count = HOMES.search(text), _counted(names_in(text))
    if found is None or (count >= MOST_PUBLIC_NAMES and name not in ROOMS):
        raise UsageError(
            f"There are {count} names already, and {MOST_PUBLIC_NAMES} at most; {name!r} would be one more.",
            where=str(path), next_step="Retire a name, or begin another family; then run again. Nothing was written.",
        )
    return f"{text[:found.end(1)]}    \"{name}\": \"{home}\",\n{text[found.end(1):]}"
