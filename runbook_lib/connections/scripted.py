"""The double for tests: answers by command text, path, URL or SQL. A question without a scripted answer is an error.

ScriptedConnections(commands={"df -P /": "Filesystem …"}, replies={"/up": (200, {"status": "ok"})})
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from runbook_lib.core.browsing import PageView
from runbook_lib.core.commands import Command
from runbook_lib.core.errors import FactUnreadable
from runbook_lib.core.questions import CommandResult, HttpReply, TlsHandshake

# a value, an error to raise, or a function that is called each time
Answer = Any


def _given(answers: Mapping[str, Answer], key: str, kind: str) -> Any:
    if key not in answers:
        known = "\n  ".join(answers) or "(none)"
        raise AssertionError(f"no scripted answer for {kind} {key!r}; known:\n  {known}")
    answer = answers[key]
    if isinstance(answer, Callable):  # type: ignore[arg-type]
        answer = answer()
    if isinstance(answer, BaseException):
        raise answer
    return answer


@dataclass
class ScriptedServer:
    """Answers by the command's text or by any piece of it: standard output, or (exit code, output[, error output])."""

    commands: Mapping[str, Answer] = field(default_factory=dict)
    files: Mapping[str, Answer] = field(default_factory=dict)
    address: str = "deploy@scripted:22"
    asked: list[Command] = field(default_factory=list)

    def run(self, command: Command) -> CommandResult:
        result = self.execute(command)
        if result.exit_code not in command.accepts:
            raise FactUnreadable(f"exit code {result.exit_code}: {result.stderr}", where=self.address)
        return result

    def execute(self, command: Command) -> CommandResult:
        return self._result(command, str(command))

    @contextmanager
    def converse(self, command: Command) -> Iterator[ScriptedConversation]:
        yield ScriptedConversation(self, command)

    def _result(self, command: Command, text: str) -> CommandResult:
        self.asked.append(command)
        key = text if text in self.commands else next((piece for piece in self.commands if piece in text), text)
        answer = _given(self.commands, key, "command")
        code, out, err = (0, answer, "") if isinstance(answer, str) else (*answer, "")[:3]
        return CommandResult(str(command), code, out, err, 0.01)

    def read(self, path: str, *, limit_bytes: int = 1_000_000) -> bytes | None:
        answer = _given(self.files, path, "file")
        if answer is None:
            return None
        return (answer.encode() if isinstance(answer, str) else bytes(answer))[:limit_bytes]

    def download(self, command: Command, to: Path, *, limit_bytes: int) -> CommandResult:
        self.asked.append(command)
        answer = _given(self.commands, next((piece for piece in self.commands if piece in str(command)), str(command)),
                        "command")
        output, errors = answer if isinstance(answer, tuple) else (answer, "")
        if len(output) > limit_bytes:
            raise FactUnreadable(f"wrote more than {limit_bytes} bytes", where=self.address)
        to.write_bytes(output)
        return CommandResult(str(command), 0, "", errors, 0.01)


@dataclass
class ScriptedConversation:
    """Answers each line by a piece of it, or of the command; (exit code, output, error output): it ended."""

    server: ScriptedServer
    command: Command
    ended: bool = False

    def ask(self, line: str, *, timeout_s: float) -> str | CommandResult:
        done = self.server._result(replace(self.command, stdin=line), f"{line} {self.command}")
        if done.exit_code not in self.command.accepts:
            raise FactUnreadable(f"exit code {done.exit_code}: {done.stderr}", where=self.server.address)
        self.ended = bool(done.exit_code)
        return done if done.exit_code else done.stdout


@dataclass
class ScriptedHttp:
    """Answers by path or by "METHOD path": an HttpReply, or (status, body as text, bytes or a value for JSON)."""

    replies: Mapping[str, Answer] = field(default_factory=dict)
    url: str = "https://scripted.example.com"

    def request(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        form: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
        timeout_s: float = 10.0,
    ) -> HttpReply:
        key = f"{method} {path}" if f"{method} {path}" in self.replies else path
        answer = _given(self.replies, key, "path")
        if isinstance(answer, HttpReply):
            return answer
        status, body = answer
        return HttpReply(self.url + path, status, {}, _as_bytes(body), 0.01)

    def handshake(self) -> TlsHandshake:
        served: TlsHandshake = _given(self.replies, "handshake", "TLS question")
        return served

    def accepts_protocol(self, protocol: str) -> bool | None:
        accepted: bool | None = _given(self.replies, protocol, "TLS question")
        return accepted


def _as_bytes(body: Any) -> bytes:
    if isinstance(body, bytes):
        return body
    return body.encode() if isinstance(body, str) else json.dumps(body).encode()


@dataclass
class ScriptedDocker:
    engine: Any = None

    def client(self) -> Any:
        if self.engine is None:
            raise AssertionError("no scripted answer for Docker")
        if isinstance(self.engine, BaseException):
            raise self.engine
        return self.engine


@dataclass
class ScriptedDatabase:
    """Answers by the SQL with its white space made single, or by any piece of it; "NAME> SQL" in another
    database. The first that fits counts."""

    answers: Mapping[str, Answer] = field(default_factory=dict)

    def rows(self, sql: str, *, timeout_s: float = 30.0, database: str | None = None) -> list[dict[str, Any]]:
        flat = (f"{database}> " if database else "") + " ".join(sql.split())
        key = next((piece for piece in self.answers if piece in flat), flat)
        rows: list[dict[str, Any]] = _given(self.answers, key, "SQL")
        return rows


@dataclass
class ScriptedPrometheus:
    """Answers by the query's text or any piece of it, or by the path where there is no query."""

    answers: Mapping[str, Answer] = field(default_factory=dict)

    def get(self, path: str, **parameters: str) -> Any:
        asked = parameters.get("query", path)
        key = asked if asked in self.answers else next((piece for piece in self.answers if piece in asked), asked)
        return _given(self.answers, key, "Prometheus query")


@dataclass
class ScriptedAlertmanager:
    """Answers by the path below /api/v2."""

    answers: Mapping[str, Answer] = field(default_factory=dict)

    def get(self, path: str) -> Any:
        return _given(self.answers, path, "Alertmanager path")


@dataclass
class ScriptedBrowser:
    """Answers by path: a PageView, or a function of the browser's own arguments that makes one."""

    pages: Mapping[str, Answer] = field(default_factory=dict)

    def view(self, path: str, texts: tuple[str, ...], **options: Any) -> PageView:
        seen: PageView = _given(self.pages, path, "page")
        return seen


@dataclass
class ScriptedLoad:
    """Answers each `result` by the next of `results`, the last again; `started` and `ended` record what was asked."""

    results: list[Answer] = field(default_factory=list)
    started: list[Any] = field(default_factory=list)
    ended: int = 0

    def start(self, job: Mapping[str, Any]) -> None:
        self.started.append(dict(job))

    def progress(self) -> dict[str, Any]:
        return {"at_s": 1.0, "stage": 1, "load": 1.0, "requests": 10, "errors": 0, "p95_s": 0.1}

    def result(self) -> Any:
        answer = self.results.pop(0) if len(self.results) > 1 else self.results[0]
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def end(self) -> Any:
        self.ended += 1
        return self.results[-1] if self.results else None


class ScriptedConnections:
    """All of them together, with the same attributes as the real ones."""

    def __init__(
        self,
        *,
        commands: Mapping[str, Answer] | None = None,
        files: Mapping[str, Answer] | None = None,
        replies: Mapping[str, Answer] | None = None,
        sql: Mapping[str, Answer] | None = None,
        queries: Mapping[str, Answer] | None = None,
        alertmanager: Mapping[str, Answer] | None = None,
        engine: Any = None,
        pages: Mapping[str, Answer] | None = None,
        load: Any = None,
    ) -> None:
        self.server = ScriptedServer(commands or {}, files or {})
        self.http = ScriptedHttp(replies or {})
        self.docker = ScriptedDocker(engine)
        self.database = ScriptedDatabase(sql or {})
        self.prometheus = ScriptedPrometheus(queries or {})
        self.alertmanager = ScriptedAlertmanager(alertmanager or {})
        self.browser = ScriptedBrowser(pages or {})
        self.load = ScriptedLoad(load or [])
