"""The one place that changes machines: walks a plan's steps, records each before and after, undoes on failure."""

from __future__ import annotations

from runbook_lib.execution.backend import Done, Hands, ServerHands
from runbook_lib.execution.executor import Walk
from runbook_lib.execution.gate import ask_side_by_side, look_once
from runbook_lib.execution.records import Execution, StepRecord, steps_html

__all__ = ["Done", "Execution", "Hands", "ServerHands", "StepRecord", "Walk", "ask_side_by_side", "look_once",
           "steps_html"]
