"""The environment's page as a user sees it, in a real browser: through the proxy, or of a colour without traffic."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from runbook_lib.core.browsing import Answer, PageReply, PageRequest, PageView
from runbook_lib.core.errors import BrowserMissing
from runbook_lib.core.questions import Connections, Question, Server
from runbook_lib.environment import Environment
from runbook_lib.environment.gates import Page
from runbook_lib.platform.facts.container_http import ContainerHttp
from runbook_lib.platform.facts.idle_colour import page_inside

REPLY_TIMEOUT_S = 10.0
API = ("/api/",)
# headers that describe how the body travelled, not what it is
TRAVELLED = frozenset(("connection", "content-encoding", "content-length", "keep-alive", "transfer-encoding"))


def view_page(environment: Environment) -> Question[PageView | None]:
    """What a user sees at the public address; None where the environment names no page.

    `browser` is None where this machine has none. Raises EndpointUnavailable. Source: a headless Chromium, here.
    """
    return Question("the page in a browser", lambda connections: _view(environment.gate.page, connections, None))


def view_page_inside(environment: Environment, colour: str) -> Question[PageView | None]:
    """The same of `colour`, before users can reach it: its own containers answer each request of the page."""

    def fetch(connections: Connections) -> PageView | None:
        with colour_answers(environment, connections.server, colour) as answer:
            return _view(environment.gate.page, connections, answer)

    return Question(f"the page of {colour} in a browser", fetch)


def _view(page: Page | None, connections: Connections, answer: Answer | None) -> PageView | None:
    if page is None:
        return None
    try:
        return connections.browser.view(page.path, page.texts, timeout_s=page.timeout_s, settle_s=page.settle_s,
                                        answer=answer)
    except BrowserMissing as missing:
        return PageView(page.path, None, problem=f"{missing.what} {missing.next_step}")


@contextmanager
def colour_answers(environment: Environment, server: Server, colour: str) -> Iterator[Answer]:
    """Answers a page's requests as nginx will once `colour` has the traffic: the API by its backend, else the page."""
    release = environment.release
    api, page = f"http://127.0.0.1:{release.services[release.api].port}", page_inside(environment, colour)
    api_paths = tuple(path for path, rule in environment.health.endpoints.items() if rule.service == release.api)

    def answer(request: PageRequest) -> PageReply:
        to_api = not page or request.path.startswith(API) or request.path.partition("?")[0] in api_paths
        sent = {name: value for name, value in request.headers.items() if name.lower() != "host"}
        reply = inside.at(api if to_api else page).as_it_is(request.method, request.path, sent, request.body,
                                                            timeout_s=REPLY_TIMEOUT_S)
        headers = {name: value for name, value in reply.headers.items() if name.lower() not in TRAVELLED}
        return PageReply(reply.status, headers, reply.body)

    with ContainerHttp.of_service(server, environment, environment.api_of(colour)) as inside:
        yield answer
