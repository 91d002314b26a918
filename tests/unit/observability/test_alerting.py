"""What 42 uses stands behind one name of its family, loaded when it is used."""

from __future__ import annotations

import subprocess
import sys

import pytest

from runbook_lib.observability import alerting


def test_it_offers_its_names_and_no_others() -> None:
    assert "survey" in dir(alerting)
    with pytest.raises(AttributeError, match="has no public name 'servey'"):
        alerting.servey  # noqa: B018


def test_reaching_for_it_loads_no_facts() -> None:
    probe = ("import sys; from runbook_lib import observability; observability.alerting; "
             "print([name for name in sys.modules if name.startswith('runbook_lib.observability.')])")
    done = subprocess.run((sys.executable, "-c", probe), capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['runbook_lib.observability.alerting']"
