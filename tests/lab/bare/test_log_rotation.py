"""The backend's log after real rotations by logrotate, however it is configured: no severe line gets lost."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from runbook_lib.connections import open_connections
from runbook_lib.platform.facts.logs import errors_since

if TYPE_CHECKING:
    from runbook_lib.environment import Environment
    from tests.lab_server import Lab

# Each part of the log is written, then rotated; the last one stays in the log itself.
ROTATE = r"""
set -euo pipefail
log=$1 options=$2 pause=$3
mkdir -p "${log%/*}" /etc/rotation && rm -f "$log"* "${log%.log}"[-.]*
printf '%s {\n rotate 9\n su root root\n missingok\n%b\n}\n' "$log" "$options" >/etc/rotation/backend
rm -f /etc/rotation/state
say() {
    printf '{"time": "%s", "level": "%s", "message": "%s"}\n' "$(date -u -d "$3" +%FT%T.%3N+00:00)" "$1" "$2" >>"$log"
}
say INFO begin '10 minutes ago'  # the moment that is asked about lies between
for part in 1 2 3; do
    say ERROR "part $part" now
    [ "$part" = 3 ] || { sleep "$pause"; logrotate --force --state /etc/rotation/state /etc/rotation/backend; }
done
ls "${log%/*}"
chmod -R a+rX "${log%/*}"
"""
OPTIONS = {
    "numbered, compressed": "nocreate\\n compress",
    "compressed a rotation later": "nocreate\\n compress\\n delaycompress",
    "dated to the second": "nocreate\\n dateext\\n dateformat -%Y%m%d-%s",
    "dated, with the log's extension, compressed": "nocreate\\n dateext\\n dateformat -%s\\n extension .log\\n compress",
    "copied and truncated": "copytruncate",
}


@pytest.mark.parametrize("name", OPTIONS)
def test_lines_of_all_rotated_files_are_found(lab: Lab, environment: Environment, name: str) -> None:
    since = datetime.now(UTC) - timedelta(seconds=1)
    log = environment.logs["backend"].path or ""
    pause = "1.1" if "%s" in OPTIONS[name] else "0.1"  # names that hold the second need another one
    made = lab.on_server("bash", "-c", ROTATE, "rotate", log, OPTIONS[name], pause)
    with open_connections(environment) as connections:
        found = errors_since(environment, since).fetch(connections)
    lab.on_server("bash", "-c", 'rm -f "$1"* "${1%.log}"[-.]*', "clean", log)
    assert found is not None
    assert ([one.message for one in found.lines], found.incomplete) == (["part 1", "part 2", "part 3"], ""), made
    assert len(found.files) == 3, made
