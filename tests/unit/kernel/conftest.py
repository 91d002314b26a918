"""A redactor that knows one secret."""

from __future__ import annotations

import pytest

from runbook_lib.core.redaction import Redactor, Secret
from tests.unit.kernel_doubles import VALUE


@pytest.fixture
def redactor() -> Redactor:
    return Redactor([Secret("DB_PASSWORD", VALUE)])
