"""What goes over one SSH session: a program for bash, and its output between two marks.

The server's login shell runs `LOGIN_LINE` and nothing else: every shell parses it alike, with neither quotes nor
operators in it. bash then reads the real program from its standard input. Its output counts from the first mark
on: what a login shell, a greeting or a wrapper prints around it is noise, and a reply without marks is not a reply.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass

from runbook_lib.connections.limits import Bounded, discard
from runbook_lib.connections.quoting import shell_join
from runbook_lib.core import programs
from runbook_lib.core.errors import LoginUnusable

LOGIN_LINE = "bash --norc -p -s"
PROGRAM = programs.text("connections/command_session.sh")
NOISE_LIMIT = 600  # bytes of noise that a message can quote
Receiver = Callable[[bytes], None]


@dataclass(frozen=True)
class Exchange:
    """One program on the server, and who gets its output as it comes.

    `doing` names it in messages. With `stdin` None the input stays open and silent: its end shows the program that we
    are gone.
    """

    argv: tuple[str, ...]
    doing: str
    timeout_s: float
    stdin: bytes | None = b""
    on_stdout: Receiver = discard
    on_stderr: Receiver = discard
    cwd: str | None = None


def new_mark() -> str:
    """A mark that no output contains by chance; it is never in an argument, where the server's users could see it."""
    return secrets.token_hex(16)


def session_program(mark: str, argv: tuple[str, ...], cwd: str | None = None, *, input_ends: bool = True) -> bytes:
    """What bash reads first: one command to its end, with its exit code behind the last mark.

    `input_ends`: the standard input will be closed, and the session ends after that, whatever the command has read.
    """
    return f"{PROGRAM}{shell_join(('session', mark, 'ends' if input_ends else '', cwd or '', *argv))}\n".encode()


def conversation_program(mark: str, argv: tuple[str, ...], cwd: str | None = None) -> bytes:
    """What bash reads first: a command that reads the rest of the input line by line. Its end is marked at once."""
    return f"{PROGRAM}{shell_join(('converse', mark, cwd or '', *argv))}\n".encode()


def stream_program(mark: str, argv: tuple[str, ...]) -> bytes:
    """What bash reads first: a program that takes the session over; its output has no last mark."""
    return f"{PROGRAM}{shell_join(('stream', mark, *argv))}\n".encode()


class Reply:
    """The two output streams of a session, without what does not belong to the command.

    Raises LoginUnusable from `take_stdout` where the server mixes both streams into one.
    """

    def __init__(self, address: str, mark: str, on_stdout: Receiver, on_stderr: Receiver) -> None:
        self._address = address
        self._errors_begin = f"{mark} errors begin\n".encode()
        self._out = _MarkedStream(f"{mark} begin\n".encode(), f"{mark} end ".encode(), on_stdout)
        self._err = _MarkedStream(self._errors_begin, f"{mark} end ".encode(), on_stderr)

    def take_stdout(self, data: bytes) -> None:
        """The next bytes of the session's standard output."""
        began = self._out.began
        self._out.take(data)
        if not began and self._errors_begin in self._out.noise:
            raise LoginUnusable("The server joins standard error with standard output, so that no output can be read.",
                                where=self._address,
                                next_step="Check ForceCommand in sshd_config, and command= in authorized_keys.")

    def take_stderr(self, data: bytes) -> None:
        """The next bytes of the session's standard error."""
        self._err.take(data)

    @property
    def began(self) -> bool:
        """Whether our own program was started."""
        return self._out.began

    @property
    def ended(self) -> bool:
        """Whether both streams have been seen to their last mark."""
        return self._out.code is not None and self._err.code is not None

    @property
    def exit_code(self) -> int | None:
        """The command's own, None where its end was not seen. A wrapper may report another one to SSH."""
        return self._out.code

    def never_began(self) -> LoginUnusable:
        """The error for a session that ended without our program having begun."""
        return login_unusable(self._address, self._out.noise + b"\n" + self._err.noise)


class _MarkedStream:
    def __init__(self, begin: bytes, end: bytes, receive: Receiver) -> None:
        self._begin, self._end, self._receive = begin, end, receive
        self._noise, self._held = Bounded(NOISE_LIMIT, NOISE_LIMIT), b""
        self.began = False
        self.code: int | None = None

    @property
    def noise(self) -> bytes:
        """What came before the first mark: the beginning and the end of it."""
        return self._noise.text().encode() + (b"" if self.began else self._held)

    def take(self, data: bytes) -> None:
        if self.code is not None:
            return  # noise after the end: a wrapper's farewell
        self._held += data
        if not self.began and not self._find_begin():
            return
        text, mark, code = self._held.partition(self._end)
        if mark:
            if b"\n" in code:
                self._pass_on(text)
                self.code, self._held = int(code.partition(b"\n")[0]), b""
            return
        keep = _overlap(self._held, self._end)
        self._pass_on(self._held[: len(self._held) - keep])
        self._held = self._held[len(self._held) - keep :]

    def _find_begin(self) -> bool:
        noise, mark, rest = self._held.partition(self._begin)
        if not mark:
            keep = _overlap(self._held, self._begin)
            noise, rest = self._held[: len(self._held) - keep], self._held[len(self._held) - keep :]
        self._noise.add(noise)
        self._held, self.began = rest, bool(mark)
        return self.began

    def _pass_on(self, data: bytes) -> None:
        if data:
            self._receive(data)


def _overlap(data: bytes, mark: bytes) -> int:
    """How many of the last bytes may be the beginning of the mark."""
    return next((size for size in range(min(len(mark) - 1, len(data)), 0, -1) if data.endswith(mark[:size])), 0)


def login_unusable(address: str, noise: bytes) -> LoginUnusable:
    """The error for a login that never ran our program; quotes what it printed instead."""
    printed = " ".join(noise.decode("utf-8", "replace").split())[:NOISE_LIMIT]
    return LoginUnusable(
        f"The server let us in, and its login shell did not run the command: {printed or 'it printed nothing'}",
        where=address,
        next_step="The server's user needs a login shell that runs commands, and bash in its PATH: check "
        "`getent passwd`, ForceCommand in sshd_config, command= in authorized_keys, and that no start-up file of the "
        "shell ends it or reads its input.",
    )
