"""The one place that changes machines: walks a plan's steps, records each before and after, undoes on failure."""

from __future__ import annotations

from runbook_lib.execution.backend import ActionResult, ExecutionBackend, ServerBackend
from runbook_lib.execution.executor import PlanExecutor
from runbook_lib.execution.gate import ask_concurrently, probe_once
from runbook_lib.execution.records import Execution, StepRecord, steps_html

__all__ = ["ActionResult", "Execution", "ExecutionBackend", "PlanExecutor", "ServerBackend", "StepRecord",
           "ask_concurrently", "probe_once", "steps_html"]
