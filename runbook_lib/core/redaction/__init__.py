"""Secrets that cannot be printed by accident, and the redactor for everything that is written."""

from __future__ import annotations

from runbook_lib.core.redaction.redactor import Redactor
from runbook_lib.core.redaction.secret import Secret

__all__ = ["Redactor", "Secret"]
