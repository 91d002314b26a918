"""Frozen values that plan functions return and runs execute: actions, steps and plans."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from runbook_lib.core.alerts import ExpectedAlert
from runbook_lib.core.commands import Command, Pipeline, WriteFile
from runbook_lib.core.gates import Gate, Watch
from runbook_lib.core.questions import Question


class StepState(StrEnum):
    """How one step ended."""

    PASSED = "passed"
    FAILED = "failed"
    TIMED_OUT = "timed out"
    SKIPPED = "skipped"
    NOT_RUN = "not run"
    ABORTED = "aborted"
    ROLLED_BACK = "rolled back"
    ROLLBACK_FAILED = "rollback failed"
    UNKNOWN = "unknown"


Action = Command | Pipeline | WriteFile | Gate | Watch


@dataclass(frozen=True)
class Step:
    """One line of a plan: what is done where, and how it is undone.

    `actions` run in order. `undo_files` puts back files that come from a release, and reads none of them: on failure
    it is done for every step before the first `undo`, so that an undo never reads a file that the release spoiled.
    Both must be safe to run when the step was done, half done or not done at all. With `undo_best_effort`, earlier
    steps are undone even when this undo fails; the execution still ends as a failed rollback. `expected_alerts` are
    silenced while the step lasts; they change nothing that an approval is about.

    `keeps` is what stays once the step has passed, in words: from then on it is not undone. `{published}` in them is
    the file of the output's line `published PATH`. A step whose result another one keeps names that in `kept_by`.
    `may_keep` is what may stay although the step is undone, `undone_note` what to know then, once the step was begun.
    """

    key: str
    title: str
    actions: tuple[Action, ...]
    undo: tuple[Action, ...] = ()
    why: str = ""
    host: str = "server"
    undo_best_effort: bool = False
    undo_files: tuple[Action, ...] = ()
    expected_alerts: tuple[ExpectedAlert, ...] = ()
    keeps: str = ""
    kept_by: str = ""
    may_keep: str = ""
    undone_note: str = ""

    def __post_init__(self) -> None:
        """An undo that accepts the exit code of a plain failure would call a refused one done. Raises ValueError."""
        for action in self.undone_by:
            if isinstance(action, Command) and 1 in action.accepts:
                raise ValueError(f"step {self.key}: the undo {action} accepts exit code 1; ask whether it is absent")

    @property
    def undone_by(self) -> tuple[Action, ...]:
        """Everything that undoes the step, files first; empty where it has nothing to undo."""
        return (*self.undo_files, *self.undo)

    def describe(self) -> dict[str, Any]:
        """What the plan's hash covers: what is done and undone, not how it is worded."""
        return {
            "key": self.key,
            "host": self.host,
            "undo_best_effort": self.undo_best_effort,
            "actions": [action.describe() for action in self.actions],
            "undo_files": [action.describe() for action in self.undo_files],
            "undo": [action.describe() for action in self.undo],
            **({"kept": self.kept_by or self.key} if self.keeps or self.kept_by else {}),
        }


@dataclass(frozen=True)
class SkippedStep:
    """Work that a plan leaves out because the facts show it done already."""

    title: str
    reason: str


@dataclass(frozen=True)
class Plan:
    """What will happen, in order. A plan without steps says in `reason` why nothing is to be done; `done` is whether
    that is because everything is done already: where nothing can be done, a run has not passed.

    `recheck` is probed once under the lock, before the first step: a plan was made from facts, and another operator
    may have changed them while it was read. `undo_ready` waits until undoing can work at all (it is tried in any
    case); `rollback_check` verifies what is live after undoing; `state` asks what is true now when that failed. Once
    the step `point_of_no_return` has passed, nothing is undone automatically: `irreversible_reason` is why,
    `irreversible_hint` what the choices are. `after_rollback_hint` is what to do after a rollback,
    `failed_rollback_hint` what may help when that failed. `rules` is the fingerprint of the environment's own figures
    that gates and watches compare with. `achieves` is what is true once it is applied and verified, as a sentence
    without its full stop: the first words of such a run.
    """

    name: str
    target: str
    steps: tuple[Step, ...] = ()
    reason: str = ""
    done: bool = True
    skipped: tuple[SkippedStep, ...] = ()
    undo_on_failure: bool = False
    facts: dict[str, Any] = field(default_factory=dict, compare=False)
    recheck: Gate | None = field(default=None, compare=False)
    undo_ready: Gate | None = field(default=None, compare=False)
    rollback_check: Gate | None = field(default=None, compare=False)
    state: Question[Any] | None = field(default=None, compare=False)
    point_of_no_return: str = ""
    irreversible_reason: str = ""
    irreversible_hint: str = ""
    after_rollback_hint: str = ""
    failed_rollback_hint: str = ""
    rules: str = ""
    achieves: str = field(default="", compare=False)

    def undone_by(self, step: Step) -> tuple[Action, ...]:
        """What undoes a step of this plan when it fails or a later one does; empty where no failure undoes anything.

        That is so in a plan that stops at a failure, and after the point of no return.
        """
        keys = [one.key for one in self.steps]
        end = keys.index(self.point_of_no_return) if self.point_of_no_return in keys else len(keys)
        return step.undone_by if self.undo_on_failure and step.key in keys[:end + 1] else ()

    @property
    def hash(self) -> str:
        """First 16 hex digits of a SHA-256 over everything the plan would do and the facts it was made from.

        Never who says so or why: one operator approves a plan, another applies it. Times and run ids do not belong in
        `facts`, or no plan could be pinned.
        """
        text = json.dumps(self.describe(), sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def describe(self) -> dict[str, Any]:
        """What the hash covers."""
        return {
            "name": self.name,
            "target": self.target,
            "steps": [step.describe() for step in self.steps],
            "reason": self.reason,
            "facts": self.facts,
            "rules": self.rules,
            "undo_on_failure": self.undo_on_failure,
            **{name: gate.describe() for name, gate in (("recheck", self.recheck), ("undo_ready", self.undo_ready),
                                                        ("rollback_check", self.rollback_check)) if gate is not None},
            **({"point_of_no_return": self.point_of_no_return} if self.point_of_no_return else {}),
        }
