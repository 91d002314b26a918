"""One shell inside a container for all that a test asks there: a `docker exec` for each question is most of what a test takes."""

from __future__ import annotations

import os
import selectors
import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path

LIMIT_S = 300.0
# as the user of this machine, whose files are in the folder that both see
LOOP = 'cd -- "$0" && while IFS= read -r line; do eval "$line" <in >out 2>err; echo "$?"; done'


@dataclass(frozen=True)
class Shell:
    """Programs run one after the other in `container`, which has `folder` under the same name as this machine."""

    process: subprocess.Popen[str]
    folder: Path

    @classmethod
    def of(cls, container: str, folder: Path) -> Shell:
        folder.mkdir()
        argv = ("docker", "exec", "--interactive", "--user", f"{os.getuid()}:{os.getgid()}", container, "bash", "-c", LOOP, str(folder))
        return cls(subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True), folder)

    def run(self, words: tuple[str, ...], text: str = "") -> subprocess.CompletedProcess[str]:
        """One program with `text` as its input, and all that it prints. Raises TimeoutError after `LIMIT_S`."""
        (self.folder / "in").write_text(text, "utf-8")
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(shlex.join(words).replace("\n", "'$'\\n''") + "\n")
        self.process.stdin.flush()
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            if not selector.select(LIMIT_S):
                raise TimeoutError(f"{words[:4]} in the container takes longer than {LIMIT_S:.0f} s")
        code = self.process.stdout.readline().strip()
        assert code, f"the shell in the container has ended: {self.process.poll()}"
        return subprocess.CompletedProcess(words, int(code), *((self.folder / name).read_text("utf-8") for name in ("out", "err")))

    def end(self) -> None:
        self.process.kill()
        self.process.communicate(timeout=60)
