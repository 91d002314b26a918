"""Doubles for a kernel: its session, and a place for evidence."""

from __future__ import annotations

from typing import Any

VALUE = "Zq7-Wm3xK9_pL2vB8nR4"


class Kept(dict[str, str]):
    def __call__(self, name: str, content: str) -> str:
        self[name] = content
        return f"evidence/{name}"


class Session:
    """A kernel's session: remembers what was sent."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, Any]] = []
        self.messages: list[Any] = []
        self.options: list[dict[str, Any]] = []

    def send(self, stream: Any, message: Any, content: Any = None, **options: Any) -> None:
        self.messages.append(message)
        self.options.append(options)
        kind = message["msg_type"] if isinstance(message, dict) else message
        self.sent.append((kind, message["content"] if isinstance(message, dict) else content))
