"""The same probe again and again: at a steady pace, ended by time or, in JupyterLab, by an interrupt."""

from __future__ import annotations

from typing import Any

import pytest

from runbook_lib.core.findings import Verdict
from runbook_lib.core.questions import Question
from runbook_lib.core.watch_result import Probe
from runbook_lib.run.probing import probe_repeatedly
from tests.unit.execution_doubles import gate


def ask(question: Question[Any]) -> Any:
    return question.fetch(None)  # type: ignore[arg-type]


def test_every_probe_is_kept_with_its_faults_alone(clock: None) -> None:
    watched = probe_repeatedly(gate([True, False, None, True], deadline_s=0.1), ask, lambda probe, seconds: None,
                               interruptible=True)
    assert [[fault.verdict for fault in probe.faults] for probe in watched.probes[:4]] == [
        [], [Verdict.FAILED], [Verdict.INCONCLUSIVE], []]
    assert not watched.ended_early


def interrupted(probe: Probe, seconds: float) -> None:
    raise KeyboardInterrupt


def test_an_interrupt_ends_the_watch_early_and_its_probes_count() -> None:
    watched = probe_repeatedly(gate([True]), ask, interrupted, interruptible=True)
    assert (len(watched.probes), watched.ended_early) == (1, True)


def test_headless_an_interrupt_ends_more_than_the_watch() -> None:
    with pytest.raises(KeyboardInterrupt):
        probe_repeatedly(gate([True]), ask, interrupted, interruptible=False)
