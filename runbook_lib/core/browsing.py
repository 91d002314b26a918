"""What a browser is asked to open, and what it saw."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True)
class PageRequest:
    """One request of a page to the environment: method, path with its query, headers and body."""

    method: str
    path: str
    headers: dict[str, str]
    body: str | None = None


@dataclass(frozen=True)
class PageReply:
    """The reply that a request of a page gets."""

    status: int
    headers: dict[str, str]
    body: bytes


# replies to the requests of a page instead of the network; an EndpointUnavailable is a request that failed
Answer = Callable[[PageRequest], PageReply]


class Picture:
    """A picture as PNG bytes. In tables and records it is its size."""

    def __init__(self, png: bytes = b"") -> None:
        self.png = png

    def __bool__(self) -> bool:
        return bool(self.png)

    def __str__(self) -> str:
        return f"a picture of {len(self.png) // 1024} kB" if self.png else "no picture"


@dataclass(frozen=True)
class PageView:
    """What a browser saw on a page. `browser` is its version; None: there is no browser on this machine, `problem` why.

    `missing` are the texts that were not visible at the end; `errors` what the console showed; `failed_requests` those
    to the environment's own address. `seconds` until all texts were visible first; None when they never were.
    """

    path: str
    browser: str | None
    missing: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()
    failed_requests: tuple[str, ...] = ()
    seconds: float | None = None
    problem: str = ""
    picture: Picture = field(default_factory=Picture, repr=False, compare=False)


class Browser(Protocol):
    """A headless browser on this machine, which reaches the environment as users do."""

    def view(self, path: str, texts: tuple[str, ...], *, timeout_s: float, settle_s: float,
             answer: Answer | None = None) -> PageView:
        """Open a page, wait until all texts are visible, and observe it for `settle_s` more.

        With `answer` every request to the environment is answered by it. Raises BrowserMissing, EndpointUnavailable.
        """
