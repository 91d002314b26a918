"""What a proof is, and how proofs are run: every case is written down the moment it is known.

A proof has a name in `NAMES`. It is the `SUITE` of the module of that name; a name with a dash is one of several
`SUITES` of the module before the dash, each run by itself where there is no time for all. What it measures is
evidence whatever stops it: an error is a case that did not hold, and after Ctrl-C the report says what was proven
until then.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from importlib import import_module

from lab.instance import Instance

# in the order they run; a proof that is not there is a case that did not hold
NAMES = ("races", "interruptions-backup", "interruptions-deploy", "interruptions-rollback",
         "interruptions-restore", "corruptions", "retention", "releases", "false_rollbacks", "traffic")


@dataclass(frozen=True)
class Case:
    """One thing that was tried: whether it came out as it should, and what was measured. `seconds` it took."""

    name: str
    passed: bool
    measured: str
    seconds: float


@dataclass(frozen=True)
class Suite:
    """A claim and the work that proves it. `prove` yields its cases as they are known, on an instance that serves."""

    name: str
    title: str
    prove: Callable[[Instance], Iterator[Case]]


@dataclass
class SuiteResult:
    """A proof and its cases so far. `whole` says that it came to its end by itself."""

    name: str
    title: str
    cases: list[Case] = field(default_factory=list)
    seconds: float = 0.0
    whole: bool = False

    @property
    def passed(self) -> bool:
        """A proof holds when it came to its end, and every one of its cases held; no case at all proves nothing."""
        return self.whole and bool(self.cases) and all(case.passed for case in self.cases)


def find_suite(name: str) -> Suite:
    """The proof of that name. Raises ImportError, AttributeError or KeyError when there is none."""
    module = import_module(f"lab.resilience.{name.partition('-')[0]}")
    proof: Suite = module.SUITES[name] if "-" in name else module.SUITE
    return proof


def run_suites(names: Sequence[str], instance: Instance, proven: list[SuiteResult],
               seen: Callable[[SuiteResult], None]) -> None:
    """Run the proofs, appending to `proven`; `seen` is told after every case and at the end of every proof."""
    for name in names:
        one = SuiteResult(name, name)
        proven.append(one)
        began = time.monotonic()
        try:
            _prove(one, instance, seen)
        finally:
            one.seconds = round(time.monotonic() - began, 1)
            seen(one)


def _prove(one: SuiteResult, instance: Instance, seen: Callable[[SuiteResult], None]) -> None:
    began = time.monotonic()
    try:
        proof = find_suite(one.name)
        one.title = proof.title
        for case in proof.prove(instance):
            one.cases.append(case)
            began = time.monotonic()
            seen(one)
        one.whole = True
    except Exception as error:  # a proof that breaks has proven nothing, and the next one is still worth its time
        told = f"{type(error).__name__}: {error}"[:2000]
        one.cases.append(Case("the proof itself comes to its end", False, told, time.monotonic() - began))

