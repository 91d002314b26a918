"""What a suite of resilience tests is, and how suites run: every case is recorded the moment its result is known.

A suite has a name in `NAMES`. It is the `SUITE` of the module of that name; a name with a dash is one of several
`SUITES` of the module before the dash, so that each can run alone. Whatever stops a suite, its measurements are kept:
an error counts as a failed case, and after Ctrl-C the report covers what was tested until then.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from importlib import import_module

from lab.instance import Instance

# in the order they run; a suite that does not exist is a failed case
NAMES = ("races", "interruptions-backup", "interruptions-deploy", "interruptions-rollback", "interruptions-restore",
         "corruptions", "retention", "releases", "configurations", "false_rollbacks", "traffic")


@dataclass(frozen=True)
class Case:
    """One thing that was tested: whether it passed, and what was measured. `seconds` it took."""

    name: str
    passed: bool
    measured: str
    seconds: float


@dataclass(frozen=True)
class Suite:
    """A claim and the cases that test it. `run` yields each case when it is known, on an instance with a release."""

    name: str
    title: str
    run: Callable[[Instance], Iterator[Case]]


@dataclass
class SuiteResult:
    """A suite and its cases so far. `completed`: nothing stopped it before its end."""

    name: str
    title: str
    cases: list[Case] = field(default_factory=list)
    seconds: float = 0.0
    completed: bool = False

    @property
    def passed(self) -> bool:
        """Completed, and every case passed. A suite without cases has tested nothing and does not pass."""
        return self.completed and bool(self.cases) and all(case.passed for case in self.cases)


def find_suite(name: str) -> Suite:
    """The suite of that name. Raises ImportError, AttributeError or KeyError when there is none."""
    module = import_module(f"lab.resilience.{name.partition('-')[0]}")
    suite: Suite = module.SUITES[name] if "-" in name else module.SUITE
    return suite


def run_suites(names: Sequence[str], instance: Instance, results: list[SuiteResult],
               on_progress: Callable[[], None]) -> None:
    """Run the suites, appending to `results`; `on_progress` is called after every case and every suite."""
    for name in names:
        result = SuiteResult(name, name)
        results.append(result)
        began = time.monotonic()
        try:
            _run(result, instance, on_progress)
        finally:
            result.seconds = round(time.monotonic() - began, 1)
            on_progress()


def _run(result: SuiteResult, instance: Instance, on_progress: Callable[[], None]) -> None:
    began = time.monotonic()
    try:
        suite = find_suite(result.name)
        result.title = suite.title
        for case in suite.run(instance):
            result.cases.append(case)
            began = time.monotonic()
            on_progress()
        result.completed = True
    except Exception as error:  # the other suites are still worth their time
        measured = f"{type(error).__name__}: {error}"[:2000]
        result.cases.append(Case("the suite runs to its end", False, measured, time.monotonic() - began))
