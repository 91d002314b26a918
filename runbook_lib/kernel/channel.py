"""The one function that all of a kernel's messages pass."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from runbook_lib.core.redaction import Redactor
from runbook_lib.kernel.outputs import CellOutputs

_TEXTS = {"execute_input", "execute_reply", "inspect_reply", "input_request", "history_reply", "complete_reply"}
_DISPLAYS = {"display_data", "execute_result", "update_display_data"}


class Channel:
    """Stands between a kernel and its clients. One for each kernel; a later run takes it over."""

    def __init__(self, session: Any, redactor: Redactor) -> None:
        earlier = getattr(session.send, "channel", None)
        self._send = earlier._send if earlier else session.send
        self._redactors = [*(earlier._redactors if earlier else []), redactor]
        self._redactor = redactor
        self._mutex = threading.RLock()  # streams are sent by a thread of their own
        self._passing = False
        self.outputs = CellOutputs(redactor)

        def send(stream: Any, message: Any, content: Any = None, *rest: Any, **options: Any) -> Any:
            return self._pass_on(stream, message, content, rest, options)

        send.channel = self  # type: ignore[attr-defined]
        session.send = send

    @contextmanager
    def passing(self) -> Iterator[None]:
        """Let stream text through that was bounded before."""
        self._passing = True
        try:
            yield
        finally:
            self._passing = False

    def _pass_on(self, stream: Any, message: Any, content: Any, rest: tuple[Any, ...], options: Any) -> Any:
        whole = isinstance(message, dict)
        kind = (message.get("msg_type") or message["header"]["msg_type"]) if whole else str(message)
        with self._mutex:
            shown = self._shown(kind, message.get("content") if whole else content)
        if shown is None:
            return None
        if whole:
            return self._send(stream, {**message, "content": shown}, content, *rest, **options)
        return self._send(stream, message, shown, *rest, **options)

    def _shown(self, kind: str, content: Any) -> Any:
        """The content as it may leave the kernel; None when nothing of it may, now."""
        for redactor in self._redactors[:-1]:
            if kind == "stream" or kind in _TEXTS or kind in _DISPLAYS or kind == "error":
                content = redactor.value(content)
        if kind == "stream" and not self._passing:
            text = self.outputs.stream(content["name"], content["text"])
            return {**content, "text": text} if text else None
        if kind in _DISPLAYS:
            return self.outputs.display(content, kind)
        if kind == "error":
            return self.outputs.error(content)
        return self._redactor.value(content) if kind in _TEXTS else content
