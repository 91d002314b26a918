"""The optional step towards a log server, on the lab's own server: its rsyslog sends what nginx and the backend write."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from functools import partial

import pytest

from lab import container, images
from lab.engine import docker
from lab.processes import output
from lab.resilience.runner import wait_for
from tests.lab.conftest import Lab
from tests.unit.staging.files import text

LIMIT_S = 180  # for a busy machine: what is waited for takes seconds
REQUESTS = 60
LONG_LINES = 'global(maxMessageSize="64k")'
# as the README next to the files has it; the whole of Debian's own configuration stays in force
INSTALL = f"""cp -p /etc/rsyslog.conf /root/rsyslog.before && sed -i '1i {LONG_LINES}' /etc/rsyslog.conf
cat >/etc/rsyslog.d/60-gw2-forward.conf && rsyslogd -N1 && rsyslogd"""
REMOVE = """pid=$(cat /run/rsyslogd.pid) && kill "$pid" && while kill -0 "$pid" 2>/dev/null; do sleep 0.1; done
rm -f /etc/rsyslog.d/60-gw2-forward.conf; cat /root/rsyslog.before >/etc/rsyslog.conf; rm -rf /root/rsyslog.before /var/spool/rsyslog/*"""
ASK = f"for n in $(seq {REQUESTS}); do curl -sk -o /dev/null -A sent-$1-$n https://127.0.0.1/api/v1/health; done"
# the files as they are now, those that were rotated before them
WRITTEN = "cat $(ls -tr /var/log/{log}* | grep -v '[.]gz$')"


class LogServer:
    """A container next to the lab's server, of the same Debian, with the project's log-server.conf."""

    def __init__(self, lab: Lab) -> None:
        self.name = f"{lab.instance.container}-logs"
        made = "printf '%s' \"$1\" >/etc/rsyslog.conf && exec rsyslogd -n"
        output((docker(), "run", "--detach", "--name", self.name, "--label", f"{images.LABEL}=1", "--entrypoint", "sh",
                container.server_image(), "-c", made, "sh", f"{LONG_LINES}\n{text('server/rsyslog/log-server.conf')}"))
        networks = json.loads(output((docker(), "inspect", "--format", "{{json .NetworkSettings.Networks}}", self.name)))
        self.address = next(one["IPAddress"] for one in networks.values())

    def received(self, log: str) -> Counter[str]:
        """The lines of a log, whichever name the sender has."""
        find = f"cat /var/log/remote/*/{log}.log 2>/dev/null || true"
        return Counter(output((docker(), "exec", self.name, "sh", "-c", find)).splitlines())

    def has(self, log: str, lines: Counter[str]) -> bool:
        """Whether each of these lines has arrived, as often as it was written."""
        return lines <= self.received(log)


@pytest.fixture
def log_server(lab: Lab) -> Iterator[LogServer]:
    """A log server, to which the lab's own server sends until the test ends."""
    found = None
    try:
        found = LogServer(lab)
        sender = text("server/rsyslog/60-gw2-forward.conf").replace("logs.example.com", found.address)
        output(lab.instance.inside("sh", "-ec", INSTALL), input=sender)
        yield found
    finally:
        lab.on_server("sh", "-c", REMOVE)
        if found is not None:
            output((docker(), "rm", "--force", "--volumes", found.name))


def test_what_nginx_and_the_backend_write_arrives_once_through_a_night_of_rotation(lab: Lab, log_server: LogServer) -> None:
    for when in ("evening", "morning"):
        lab.on_server("sh", "-c", ASK, "ask", when)
        for log, path in (("nginx-access", "nginx/access.log"), ("gw2", "gw2/backend.log")):
            written = Counter(lab.on_server("sh", "-c", WRITTEN.format(log=path)).splitlines())
            wait_for(partial(log_server.has, log, written), f"{path} of the {when}", LIMIT_S)
        if when == "evening":
            lab.on_server("logrotate", "--force", "/etc/logrotate.d/gw2-wvwbuilder")
    received = log_server.received("nginx-access")
    ours = [line for line in received if '"agent":"sent-' in line]
    assert {received[line] for line in ours} == {1}, "none came twice"
    assert len({json.loads(line)["agent"] for line in ours}) == 2 * REQUESTS
