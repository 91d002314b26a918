"""The application's API, asked from inside one of its own containers: no network, no nginx, no limit in between."""

from __future__ import annotations

import json as json_text
from dataclasses import dataclass
from typing import Any

from runbook_lib.core.commands import Command
from runbook_lib.core.errors import EndpointUnavailable, FactUnreadable
from runbook_lib.core.foreign_json import read_object
from runbook_lib.core.questions import HttpReply, Server
from runbook_lib.core.text import head_of, lines_of
from runbook_lib.environment import Environment
from runbook_lib.platform.facts.containers import exec_in

_API = "http://127.0.0.1:8000"
# The backend image has Python and no curl. The request comes by stdin: it may hold a password, and arguments show in
# the server's process list.
REQUEST = """
import json, sys, time, urllib.error, urllib.parse, urllib.request
LONGEST = 20_000_000  # more than any page; the whole of it is held here
asked = json.load(sys.stdin)
body = None if asked["json"] is None else json.dumps(asked["json"]).encode()
kind = "application/json"
if asked.get("form") is not None:
    body, kind = urllib.parse.urlencode(asked["form"]).encode(), "application/x-www-form-urlencoded"
headers = {"Content-Type": kind, **asked["headers"]}
request = urllib.request.Request(asked["url"], data=body, headers=headers, method=asked["method"])
began = time.monotonic()
try:
    reply = urllib.request.urlopen(request, timeout=asked["timeout_s"])
except urllib.error.HTTPError as error:
    reply = error
except OSError as error:
    sys.exit(f"no reply: {error}")
text = reply.read(LONGEST + 1).decode("utf-8", "replace")
if len(text) > LONGEST:
    sys.exit(f"the reply is longer than {LONGEST} characters")
json.dump({"status": reply.status, "headers": dict(reply.headers), "body": text,
           "seconds": time.monotonic() - began}, sys.stdout)
"""


@dataclass(frozen=True)
class ContainerHttp:
    """Requests of a container to itself, or to what shares its network."""

    server: Server
    container: str
    base: str = _API
    prefix: tuple[str, ...] = ()  # what goes before the words inside; `docker exec` where it is empty

    @classmethod
    def of_service(cls, server: Server, environment: Environment, service: str, base: str = _API) -> ContainerHttp:
        """Of a service's running container, found by Compose's labels with each request."""
        return cls(server, service, base, exec_in(environment, service))

    def request(self, method: str, path: str, *, json: Any = None, form: dict[str, str] | None = None,
                headers: dict[str, str] | None = None, timeout_s: float = 10.0) -> HttpReply:
        """One exchange; any HTTP status is a reply. Raises EndpointUnavailable when there is none."""
        url = self.base + path
        asked = {"method": method, "url": url, "json": json, "headers": headers or {}, "timeout_s": timeout_s}
        asked |= {} if form is None else {"form": form}
        words = ("python3", "-c", REQUEST)
        argv = (*(self.prefix or ("docker", "exec", "--interactive", self.container)), *words)
        # 1: no reply; 126: the container is not running; 137: the request was killed with it
        command = Command(argv, stdin=json_text.dumps(asked), timeout_s=timeout_s + 20, accepts=(0, 1, 126, 137))
        done = self.server.run(command)
        if done.exit_code:
            reason = (lines_of(done.stderr.strip()) or ["no reply"])[-1]
            raise EndpointUnavailable(f"{path} gave no reply inside {self.container}: {head_of(reason, 300)}",
                                      where=url, next_step="Read the container's log with `docker logs`.")
        try:
            reply = read_object(done.stdout)
            body, seconds = reply["body"].encode(), reply["seconds"]
            return HttpReply(url, int(reply["status"]), dict(reply["headers"]), body, seconds)
        except (ValueError, KeyError, TypeError, AttributeError) as cause:
            raise FactUnreadable(f"The reply to {path} inside {self.container} cannot be read.",
                                 where=url, next_step="Run the notebook again.") from cause
