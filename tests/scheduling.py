"""Distributes the scopes of tests/scopes.py to the workers of `pytest -n`: the longest first, small ones into the gaps."""

from __future__ import annotations

from typing import Any

from xdist.scheduler import LoadScopeScheduling

from tests.scopes import IMAGES, NOTHING, PLACES, SCOPES, STATE, Scope, scope_of, unit_of


class ByScope(LoadScopeScheduling):  # type: ignore[misc]
    """xdist's own groups by a mark (`--dist loadgroup`, 3.8) are lost on pytest 9.2, and know no order."""

    def __init__(self, config: Any, log: Any = None) -> None:
        super().__init__(config, log)
        self._ready = NOTHING

    def _split_scope(self, nodeid: str) -> str:
        return unit_of(nodeid)

    def _assign_work_unit(self, node: Any) -> None:
        waiting = {unit for unit, tests in self.assigned_work.get(node, {}).items() if not all(tests.values())}
        if self._ready < STATE:
            self._ready = ready()
        chosen = choose(list(self.workqueue), waiting, self._ready, serving=self._serving())
        self.workqueue.move_to_end(chosen, last=False)
        super()._assign_work_unit(node)

    def _serving(self) -> bool:
        """Whether a test of a server is left or runs, but for those that need the machine for themselves."""
        begun = (unit for work in self.assigned_work.values() for unit, tests in work.items() if not all(tests.values()))
        return any(not _scope(unit).apart and not _scope(unit).alone for unit in (*self.workqueue, *begun))

    def _reschedule(self, node: Any) -> None:
        # a worker begins a test when it knows the one after it: with two of them it has enough, and a unit that is
        # handed out earlier than it must be waits behind a long test while another worker has nothing to do
        if self.workqueue and not node.shutting_down and self._pending_of(self.assigned_work[node]) > 1:
            return
        super()._reschedule(node)


def choose(units: list[str], waiting: set[str], present: int, *, serving: bool) -> str:
    """The unit for a worker that still has those `waiting`; `present` is what can be had without waiting for it.

    `serving`: a test of a server is left, or runs.
    """
    # what needs the machine for itself follows the last server; tests without one go on meanwhile, and give way
    if not serving and (lonely := [unit for unit in units if _scope(unit).alone]):
        return lonely[0]
    shared = [unit for unit in units if not _scope(unit).alone] or units
    able = [unit for unit in shared if _scope(unit).needs <= present or _scope(unit).prepares] or shared
    if present < STATE:  # few can begin: with those that idle among them two processors had nothing to do for minutes
        able = [unit for unit in able if not _scope(unit).idles] or able
    small = [unit for unit in able if _scope(unit).apart]
    # behind the last test of a server's scope goes a small unit, and another server's scope to whoever is free first
    if small and any(not _scope(unit).apart for unit in waiting):
        return small[-1]
    return min(able, key=lambda unit: PLACES[_scope(unit).folder])


def ready() -> int:
    """What is there of images and states. Without an engine nothing is worth waiting for: the tests say why."""
    from lab import images, snapshots, states
    from lab.engine import docker
    from lab.errors import LabError
    from lab.processes import succeeds
    from lab.release_path import FIRST

    try:
        if images.missing():
            return NOTHING
        first = snapshots.Snapshot(FIRST, states.key())
        return STATE if succeeds((docker(), "image", "inspect", first.image)) else IMAGES
    except LabError:
        return STATE


def _scope(unit: str) -> Scope:
    return SCOPES.get(unit) or scope_of(unit)
