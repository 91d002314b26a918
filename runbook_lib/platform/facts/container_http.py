"""The application's API, asked from inside one of its own containers: no network, no nginx, no limit in between.

One program in the container sends all requests of a `with` block: to start one costs more than a request.
"""

from __future__ import annotations

import base64
import json as json_text
from contextlib import ExitStack
from copy import copy
from threading import Lock
from typing import Any, Self

from runbook_lib.core.commands import Command
from runbook_lib.core.errors import EndpointUnavailable, FactUnreadable
from runbook_lib.core.foreign_json import read_object
from runbook_lib.core.questions import Conversation, HttpReply, Server
from runbook_lib.core.text import head_of, lines_of
from runbook_lib.environment import Environment
from runbook_lib.platform.facts.containers import exec_in

_API = "http://127.0.0.1:8000"
STATUSES = range(100, 600)
MARGIN_S = 20.0  # for the way there, and the program's start
# The container has Python and no curl. Requests come by stdin: they may hold a password, and arguments show in the
# server's process list. The program ends with its input, and by its own clock where that stays open: a machine that
# is gone closes nothing.
REQUESTS = """
import base64, json, signal, sys, time, urllib.error, urllib.parse, urllib.request
LONGEST = 20_000_000  # bytes; more than any page, and the whole of it is held here
IDLE_S, MARGIN_S = 60, 30
class Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *ignored):
        return None
# a proxy that the container's variables name is for other addresses
DIRECT = urllib.request.ProxyHandler({})
FOLLOWING = urllib.request.build_opener(DIRECT)
STAYING = urllib.request.build_opener(DIRECT, Stay)
def sent(asked):
    content, kind = asked.get("content"), {}
    if "json" in asked:
        content, kind = json.dumps(asked["json"]), {"Content-Type": "application/json"}
    if "form" in asked:
        content, kind = urllib.parse.urlencode(asked["form"]), {"Content-Type": "application/x-www-form-urlencoded"}
    request = urllib.request.Request(asked["url"], data=None if content is None else content.encode(),
                                     headers={**kind, **asked["headers"]}, method=asked["method"])
    try:
        return (FOLLOWING if asked["follow"] else STAYING).open(request, timeout=asked["timeout_s"])
    except urllib.error.HTTPError as error:
        return error
def reply_to(asked):
    began = time.monotonic()
    with sent(asked) as reply:
        found = {"status": reply.code, "headers": dict(reply.headers)}
        body, size, most = b"", 0, reply.headers.get("Content-Length")
        for part in iter(lambda: reply.read(65_536), b""):
            size += len(part)
            body += part if asked["keep_body"] else b""
            if len(body) > LONGEST:
                return {"problem": f"the reply is longer than {LONGEST} bytes"}
        if most and size < int(most) and asked["method"] != "HEAD" and reply.code != 304:
            return {"problem": f"the reply ends after {size} of {most} bytes"}
    try:
        found["body"] = body.decode()
    except UnicodeDecodeError:
        found["base64"] = base64.b64encode(body).decode()
    return {**found, "seconds": time.monotonic() - began}
while True:
    signal.alarm(IDLE_S)
    line = sys.stdin.readline()
    if not line:
        break
    asked = json.loads(line)
    signal.alarm(int(asked["timeout_s"]) + MARGIN_S)
    try:
        answer = reply_to(asked)
    except OSError as error:
        answer = {"problem": f"no reply: {error}"}
    except Exception as error:
        answer = {"problem": f"{type(error).__name__}: {error}"}
    print(json.dumps(answer), flush=True)
"""
# 1: it fell over; 126: the container is not running; 137: it was killed with it; 142: by its own clock
ENDINGS = (0, 1, 126, 137, 142)


class _Program:
    """The program in the container; started for the first request, and anew where it has ended since the last one."""

    def __init__(self, server: Server, argv: tuple[str, ...]) -> None:
        self._server, self._command = server, Command((*argv, "python3", "-c", REQUESTS), accepts=ENDINGS)
        self._talk: Conversation | None = None
        self._open = ExitStack()
        self._one_at_a_time = Lock()

    def answer(self, asked: dict[str, Any], timeout_s: float) -> str:
        """The program's line; where it ended without one, the reason in the same form."""
        with self._one_at_a_time:
            # a container that was started anew has lost it, and may answer by now
            if self._talk is not None and self._talk.ended:
                self._end()
            if self._talk is None:
                self._talk = self._open.enter_context(self._server.converse(self._command))
            said = self._talk.ask(json_text.dumps(asked), timeout_s=timeout_s + MARGIN_S)
            if isinstance(said, str):
                return said
            self._end()
            return json_text.dumps({"problem": (lines_of(said.stderr.strip()) or ["no reply"])[-1]})

    def end(self) -> None:
        """End it, where it was started."""
        with self._one_at_a_time:
            self._end()

    def _end(self) -> None:
        self._talk = None
        self._open.close()


class ContainerHttp:
    """Requests of a container to itself, or to what shares its network. To be used in a `with` block."""

    def __init__(self, server: Server, container: str, base: str = _API, *, prefix: tuple[str, ...] = ()) -> None:
        self._container, self._base = container, base
        self._program = _Program(server, prefix or ("docker", "exec", "--interactive", container))

    @classmethod
    def of_service(cls, server: Server, environment: Environment, service: str, base: str = _API) -> ContainerHttp:
        """Of a service's running container, found by Compose's labels when the program starts."""
        return cls(server, service, base, prefix=exec_in(environment, service))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._program.end()

    def at(self, base: str) -> ContainerHttp:
        """The same program's requests to another address; it ends with the first one's block."""
        other = copy(self)
        other._base = base
        return other

    def request(self, method: str, path: str, *, json: Any = None, form: dict[str, str] | None = None,
                headers: dict[str, str] | None = None, timeout_s: float = 10.0) -> HttpReply:
        """One exchange; any HTTP status is a reply. Raises EndpointUnavailable when there is none."""
        content: dict[str, Any] = {} if json is None else {"json": json}
        content |= {} if form is None else {"form": form}
        return self._exchange(method, path, headers or {}, timeout_s, **content)

    def as_it_is(self, method: str, path: str, headers: dict[str, str], content: str | None,
                 timeout_s: float) -> HttpReply:
        """One exchange with a body that is sent as it is; a redirect is the reply. Raises EndpointUnavailable."""
        return self._exchange(method, path, headers, timeout_s, content=content, follow=False)

    def status(self, path: str, *, timeout_s: float) -> int:
        """The HTTP status of a path whose whole body could be read there. Raises EndpointUnavailable."""
        return self._exchange("GET", path, {}, timeout_s, keep_body=False).status

    def _exchange(self, method: str, path: str, headers: dict[str, str], timeout_s: float, *, follow: bool = True,
                  keep_body: bool = True, **content: Any) -> HttpReply:
        url = self._base + path
        asked = {"method": method, "url": url, "headers": headers, "timeout_s": timeout_s, "follow": follow,
                 "keep_body": keep_body, **content}
        line = self._program.answer(asked, timeout_s)
        try:
            reply = read_object(line)
            problem = reply.get("problem", "")
            if not problem:
                body = base64.b64decode(reply["base64"], validate=True) if "base64" in reply else reply["body"].encode()
                return HttpReply(url, _status(reply["status"]), dict(reply["headers"]), body, reply["seconds"])
        except (ValueError, KeyError, TypeError, AttributeError) as cause:
            raise FactUnreadable(f"The reply to {path} inside {self._container} cannot be read.",
                                 where=url, next_step="Run the notebook again.") from cause
        raise EndpointUnavailable(f"{path} gave no reply inside {self._container}: {head_of(str(problem), 300)}",
                                  where=url, next_step="Read the container's log with `docker logs`.")


def _status(found: Any) -> int:
    """An HTTP status; True and "200" are none. Raises ValueError."""
    if type(found) is not int or found not in STATUSES:
        raise ValueError("not an HTTP status")
    return found
