"""What a dump holds when it is read again to its last byte, independent of its manifest."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from runbook_lib.core import programs
from runbook_lib.core.commands import Command
from runbook_lib.core.errors import FactUnreadable, PreconditionFailed
from runbook_lib.core.foreign_json import read_json
from runbook_lib.core.questions import Connections, Question
from runbook_lib.core.text import lines_of
from runbook_lib.environment import Environment
from runbook_lib.recovery.facts.backups import INSTALL

INSPECTION_TIMEOUT_S = 1800.0


@dataclass(frozen=True)
class DumpContents:
    """`readable`: it decompresses to its end. `complete`: the end is a dump's end. `rows` by table.

    `contents` and `statements` as a manifest of format 3 has them; None where it cannot be read to its end.
    """

    readable: bool
    complete: bool
    rows: dict[str, int]
    contents: str | None = None
    statements: str | None = None


def inspect_dump(environment: Environment, name: str | None) -> Question[DumpContents | None]:
    """One backup of the environment's folder, read to its end; None when there is no name to read.

    Raises FactUnreadable when the server's reply is not a list of tables, PreconditionFailed where the server lacks the
    programs that read dumps.
    """
    path = f"{environment.backup.directory}/{name}"
    program = programs.text("platform/whole_lines.sh", "recovery/required_programs.sh", "recovery/dump_contents.sh",
                            "recovery/verify_dump.sh")

    def fetch(connections: Connections) -> DumpContents | None:
        if name is None:
            return None
        command = Command(("bash", "-s", "--", path), stdin=program, timeout_s=INSPECTION_TIMEOUT_S)
        return parse_contents(connections.server.run(command).stdout, path)

    return Question("dump read again", fetch)


def parse_contents(text: str, path: str) -> DumpContents:
    """The records that `verify_dump.sh` prints. Raises FactUnreadable on any other reply.

    Raises PreconditionFailed where the server lacks the programs that read dumps: nothing is known of the dump then.
    """
    key, _, lacking = text.partition("\t")
    if key == "lacks":
        raise PreconditionFailed(f"The server cannot read dumps: it has no {lacking.strip().replace(',', ', ')}.",
                                 where=path, next_step=INSTALL)
    try:
        rows: Counter[str] = Counter()  # a table that occurs twice holds the rows of both
        values: dict[str, str] = {}
        for key, *fields in (line.split("\t") for line in lines_of(text)):
            if key == "table":
                rows[read_json(f'"{fields[0]}"')] += int(fields[1])
            else:
                values[key] = fields[0]
        readable, complete = (bool(int(values[key])) for key in ("readable", "end"))
    except (ValueError, KeyError, IndexError) as cause:
        raise FactUnreadable(
            "The dump could not be read again: the reply is not a list of tables.",
            where=path,
            next_step="Run the notebook again; if it fails again, read the file on the server with `gunzip -t`.",
        ) from cause
    return DumpContents(readable, complete, dict(rows), values.get("contents"), values.get("statements"))
