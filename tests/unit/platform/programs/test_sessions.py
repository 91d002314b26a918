"""The sessions of one container are found by its addresses, in whatever form the engine shows those."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from runbook_lib.core import programs

PROGRAM = programs.text("platform/own_session.sh", "platform/sessions.sh") + "\nproject=shop service=db database=shop user=shop limit_s=5 name=one\ncancel_waits it\n"
# fills $ADDRESS and $NEWER in where the template asks for them, as Go does: what stands between the braces is one address
DOCKER = r"""#!/bin/bash
case $* in
    ps*) echo 0123 ;;
    inspect*) form=$3
        form=${form//'{{println .IPAddress}}'/$ADDRESS$'\n'} form=${form//'{{println .GlobalIPv6Address}}'/$NEWER$'\n'}
        form=${form//'{{.IPAddress}}'/$ADDRESS} form=${form//'{{.GlobalIPv6Address}}'/$NEWER}
        form=${form//'{{range .NetworkSettings.Networks}}'/}; form=${form//'{{end}}'/}
        printf '%s\n' "$form" ;;
    exec*) grep -o "ANY ('.*'::inet" <<<"$*" ;;
esac
"""


@pytest.mark.parametrize(("address", "newer", "expected"), [
    ("172.18.0.5", "", "172.18.0.5"), ("172.18.0.5", "fd00::5", "172.18.0.5,fd00::5"),
    ("172.18.0.5", "invalid IP", "172.18.0.5"), ("invalid IP", "fd00::5", "fd00::5"), ("invalid IP", "invalid IP", ""), ("", "", ""),
])
def test_an_address_that_there_is_not_hides_no_other(tmp_path: Path, address: str, newer: str, expected: str) -> None:
    """An engine since 29 shows one as `invalid IP`: PostgreSQL refused the list, and no wait for a lock was canceled."""
    (tmp_path / "docker").write_text(DOCKER)
    (tmp_path / "docker").chmod(0o755)
    done = subprocess.run(("bash", "-s"), input=PROGRAM, text=True, capture_output=True, timeout=60, env={
        "PATH": f"{tmp_path}:{os.environ['PATH']}", "ADDRESS": address, "NEWER": newer})
    asked = f"ANY ('{{{expected}}}'::inet"
    assert done.stderr == (f"canceled: it waited more than 5 s for a lock on {asked}\n" if expected else "")
