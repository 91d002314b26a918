"""What locust's client makes of replies, in a process of its own: gevent would patch this one."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

PROGRAM = """
import sys
sys.path.insert(0, sys.argv[1])
from types import SimpleNamespace as Reply
import json, gevent
from runbook_lib.connections.load.locust_user import dial, reason_of
import gevent.socket
reasons = [reason_of("read", Reply(status_code=503), None), reason_of("read", Reply(status_code=0, error=TimeoutError()), None),
           reason_of("read", None, ConnectionRefusedError("secret words of a server")), reason_of("read", None, gevent.Timeout(1))]
before = gevent.socket.getaddrinfo
dial("https://named.example.com", None)
same = gevent.socket.getaddrinfo is before
dial("https://named.example.com", "127.0.0.1:4433")
there = gevent.socket.getaddrinfo("named.example.com", 443)[0][4]
other = gevent.socket.getaddrinfo("127.0.0.2", 443)[0][4]
print(json.dumps([reasons, same, there, other]))
"""


def test_reasons_are_words_of_ours_and_one_name_alone_is_dialled_elsewhere() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM, str(Path(__file__).parents[4])], capture_output=True, text=True,
                          check=True, timeout=240)
    reasons, same, there, other = json.loads(done.stdout)
    assert reasons == ["read: status 503", "read: no reply in time", "read: ConnectionRefusedError", "read: no reply in time"]
    assert same
    assert (there, other) == (["127.0.0.1", 4433], ["127.0.0.2", 443])
