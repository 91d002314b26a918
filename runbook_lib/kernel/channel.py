"""The one function that all of a kernel's messages pass."""

from __future__ import annotations

import threading
from typing import Any

from runbook_lib.core.redaction import Redactor
from runbook_lib.kernel.outputs import CellOutputs
from runbook_lib.kernel.streams import Keep

# messages of the protocol alone; whatever else leaves the kernel, widgets and kinds of later versions too, is redacted
_EXEMPT = frozenset({"status", "iopub_welcome", "kernel_info_reply", "connect_reply", "shutdown_reply",
                     "interrupt_reply"})
_DISPLAYS = frozenset({"display_data", "execute_result", "update_display_data"})
_OPTIONS = ("parent", "ident", "buffers", "track", "header", "metadata")  # of session.send, in their order


class Channel:
    """Stands between a kernel and its clients. One for each kernel; a later run takes it over."""

    def __init__(self, session: Any, redactor: Redactor) -> None:
        earlier = getattr(session.send, "channel", None)
        self._send = earlier._send if earlier else session.send
        for secret in earlier._redactor.secrets if earlier else ():
            redactor.learn(secret)  # names of the notebook may still hold what an earlier run was given
        self._redactor = redactor
        self._mutex = threading.RLock()  # streams are sent by a thread of their own
        self.outputs = CellOutputs(redactor)

        def send(stream: Any, message: Any, content: Any = None, *rest: Any, **options: Any) -> Any:
            return self._pass_on(stream, message, content, {**dict(zip(_OPTIONS, rest, strict=False)), **options})

        send.channel = self  # type: ignore[attr-defined]
        session.send = send

    def finish(self, keep: Keep, cell: int) -> list[tuple[str, str]]:
        """Stream names and texts that are still to be shown, at the end of the cell with this number."""
        with self._mutex:  # a thread of the cell may go on printing
            return self.outputs.finish(keep, cell)

    def release(self, stream: Any, name: str, text: str) -> None:
        """Send text of a stream that was redacted and bounded before.

        It does not go through the stream: what other threads print meanwhile would pass with it.
        """
        place = getattr(stream, "pub_thread", None)
        if place is None:  # not a kernel's stream: nothing stands between it and its reader
            stream.write(text)
            stream.flush()
            return
        self._send(place, "stream", {"name": name, "text": text}, parent=stream.parent_header, ident=stream.topic)

    def leave_to_parent(self) -> None:
        """In a forked child: a thread that only the parent has may have been sending at that moment."""
        self._mutex = threading.RLock()

    def _pass_on(self, stream: Any, message: Any, content: Any, options: dict[str, Any]) -> Any:
        whole = message if isinstance(message, dict) else {"content": content}
        kind = str(whole.get("msg_type") or whole["header"]["msg_type"]) if whole is message else str(message)
        if kind in _EXEMPT:
            return self._send(stream, message, content, **options)
        with self._mutex:
            shown = self._shown(kind, whole.get("content"))
        if shown is None and kind == "stream":
            return None
        options = {**options, **self._attached(options)}
        if whole is message:
            return self._send(stream, {**message, "content": shown, **self._attached(message)}, None, **options)
        return self._send(stream, message, shown, **options)

    def _shown(self, kind: str, content: Any) -> Any:
        """The content as it may leave the kernel; None when nothing of a stream may, now."""
        if kind == "stream":
            text = self.outputs.stream(content["name"], content["text"])
            return {**content, "text": text} if text else None
        if kind in _DISPLAYS:
            return self.outputs.display(content, kind)
        if kind == "error":
            return self.outputs.error(content)
        return self._redactor.value(content)

    def _attached(self, fields: dict[str, Any]) -> dict[str, Any]:
        """Metadata and binary buffers, which widgets send next to the content."""
        found: dict[str, Any] = {}
        if fields.get("metadata"):
            found["metadata"] = self._redactor.value(fields["metadata"])
        if fields.get("buffers"):
            found["buffers"] = [self._redactor.data(bytes(buffer)) for buffer in fields["buffers"]]
        return found
