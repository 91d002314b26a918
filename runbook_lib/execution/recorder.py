"""What an execution writes down: strict as long as it goes forward, best effort once something is to be undone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from runbook_lib.archive.journal import Journal
from runbook_lib.archive.runs import RunFolder
from runbook_lib.core.errors import RunbookError
from runbook_lib.core.redaction import Redactor
from runbook_lib.core.text import pluralize

T = TypeVar("T")


class Recorder:
    """The journal and the evidence of one execution.

    Going forward without evidence would be wrong: there a failure to write is raised, and leads to the undo. Not to
    undo because it cannot be written down would be worse: there it is counted in `loss`.
    """

    def __init__(self, journal: Journal, folder: RunFolder) -> None:
        self._journal, self._folder = journal, folder
        self._best_effort = False
        self._lost: list[str] = []
        self._reason = ""

    @property
    def redactor(self) -> Redactor:
        """Takes the run's secrets out of a text that is cut before it is written."""
        return self._folder.redactor

    @property
    def loss(self) -> str:
        """What could not be recorded and why, in one sentence; empty when everything was."""
        if not self._lost:
            return ""
        return f"{pluralize(len(self._lost), 'record')} of this run could not be written: {self._reason}"

    def be_lenient(self) -> None:
        """From now on a failure to write stops nothing."""
        self._best_effort = True

    def write(self, event: str, **fields: Any) -> None:
        """Write one event into the journal. Raises what the disk raises, unless lenient."""
        self._attempt(lambda: self._journal.write(event, **fields), event, None)

    def evidence(self, name: str, content: str | bytes) -> str:
        """Keep a file of evidence; its path, or nothing when lenient and it could not be kept."""
        return self._attempt(lambda: self._folder.evidence(name, content), name, "")

    def chart(self, name: str, content: str | bytes) -> str:
        """Keep a picture; its path, or nothing when lenient and it could not be kept."""
        return self._attempt(lambda: self._folder.chart(name, content), name, "")

    def _attempt(self, write: Callable[[], T], name: str, instead: T) -> T:
        try:
            return write()
        except BaseException as error:  # a full disk, no memory, Ctrl-C in fsync: the server comes first
            if not self._best_effort:
                raise
            self._lost.append(name)
            self._reason = self._reason or (error.what if isinstance(error, RunbookError) else
                                            f"{type(error).__name__}: {error}")
            return instead
