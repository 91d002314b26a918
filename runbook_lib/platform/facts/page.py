"""The environment's page as a user sees it, in a real browser: through the proxy, or of a colour without traffic."""

from __future__ import annotations

import base64
import json

from runbook_lib.core.browsing import Answer, PageReply, PageRequest, PageView
from runbook_lib.core.commands import Command
from runbook_lib.core.errors import BrowserMissing, EndpointUnavailable, FactUnreadable
from runbook_lib.core.foreign_json import read_json
from runbook_lib.core.questions import Connections, Question, Server
from runbook_lib.environment import Environment
from runbook_lib.environment.gates import Page
from runbook_lib.platform.facts.containers import exec_in
from runbook_lib.platform.facts.idle_colour import page_inside

REPLY_TIMEOUT_S = 20.0
API = ("/api/",)
# headers that describe how the body travelled, not what it is
TRAVELLED = frozenset(("connection", "content-encoding", "content-length", "keep-alive", "transfer-encoding"))
# The request comes by stdin, as in container_http; the body of the reply may be a picture or a font.
FETCH = """
import base64, json, sys, urllib.error, urllib.request
asked = json.load(sys.stdin)
class Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *ignored):
        return None
body = None if asked["body"] is None else asked["body"].encode()
request = urllib.request.Request(asked["url"], data=body, headers=asked["headers"], method=asked["method"])
try:
    reply = urllib.request.build_opener(Stay).open(request, timeout=10)
except urllib.error.HTTPError as error:
    reply = error
except OSError as error:
    sys.exit(f"no reply: {error}")
json.dump({"status": reply.status, "headers": dict(reply.headers),
           "body": base64.b64encode(reply.read()).decode()}, sys.stdout)
"""


def view_page(environment: Environment) -> Question[PageView | None]:
    """What a user sees at the public address; None where the environment names no page.

    `browser` is None where this machine has none. Raises EndpointUnavailable. Source: a headless Chromium, here.
    """
    return Question("the page in a browser", lambda connections: _view(environment.gate.page, connections, None))


def view_page_inside(environment: Environment, colour: str) -> Question[PageView | None]:
    """The same of `colour`, before users can reach it: its own containers answer each request of the page."""

    def fetch(connections: Connections) -> PageView | None:
        return _view(environment.gate.page, connections, colour_answers(environment, connections.server, colour))

    return Question(f"the page of {colour} in a browser", fetch)


def _view(page: Page | None, connections: Connections, answer: Answer | None) -> PageView | None:
    if page is None:
        return None
    try:
        return connections.browser.view(page.path, page.texts, timeout_s=page.timeout_s, settle_s=page.settle_s,
                                        answer=answer)
    except BrowserMissing as missing:
        return PageView(page.path, None, problem=f"{missing.what} {missing.next_step}")


def colour_answers(environment: Environment, server: Server, colour: str) -> Answer:
    """Answers a page's requests as nginx will once `colour` has the traffic: the API by its backend, else the page."""
    release, container = environment.release, environment.api_of(colour)
    api, page = f"http://127.0.0.1:{release.services[release.api].port}", page_inside(environment, colour)
    api_paths = tuple(path for path, rule in environment.health.endpoints.items() if rule.service == release.api)

    def answer(request: PageRequest) -> PageReply:
        to_api = not page or request.path.startswith(API) or request.path.partition("?")[0] in api_paths
        base = api if to_api else page
        asked = {"method": request.method, "url": base + request.path, "body": request.body,
                 "headers": {name: value for name, value in request.headers.items() if name.lower() != "host"}}
        argv = exec_in(environment, container, "python3", "-c", FETCH)
        # 1: no reply; 126: the container is not running; 137: the request was killed with it
        done = server.run(Command(argv, stdin=json.dumps(asked), timeout_s=REPLY_TIMEOUT_S, accepts=(0, 1, 126, 137)))
        if done.exit_code:
            raise EndpointUnavailable(f"{request.path} gave no reply inside {container}.", where=container)
        return parse_page_reply(done.stdout, container)

    return answer


def parse_page_reply(text: str, where: str) -> PageReply:
    """The reply that the program in the container prints. Raises FactUnreadable for anything else."""
    try:
        reply = read_json(text)
        headers = {str(name): str(value) for name, value in reply["headers"].items() if name.lower() not in TRAVELLED}
        return PageReply(int(reply["status"]), headers, base64.b64decode(reply["body"], validate=True))
    except (ValueError, KeyError, TypeError, AttributeError) as cause:
        raise FactUnreadable("A reply to the page's request cannot be read.", where=where) from cause
