"""What the programs print that work on a copy of the live schema: one record a line, the result among them."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass

from runbook_lib.core.errors import FactUnreadable
from runbook_lib.core.text import lines_of

PASSED = "passed"


@dataclass(frozen=True)
class CopyRecords:
    """The result of `schema_copy.sh` and what follows it: an outcome, the end of its output, the other records."""

    outcome: str
    message: str
    records: Mapping[str, str]

    def get(self, kind: str) -> str | None:
        """The first field of the record of that kind; None where there is none, or an empty one."""
        return self.records.get(kind) or None


def parse_copy_records(text: str, where: str) -> CopyRecords:
    """The records of a reply, tab-separated. Raises FactUnreadable when the result is not among them."""
    records = {kind: fields for kind, *fields in (line.split("\t") for line in lines_of(text))}
    try:
        outcome, encoded = records.pop("result")
        message = base64.b64decode(encoded, validate=True).decode("utf-8", "replace").strip()
    except (KeyError, ValueError, binascii.Error) as cause:
        raise FactUnreadable(
            "The copy of the schema could not be used: the reply has no result.",
            where=where,
            next_step="Run the notebook again; `docker ps` on the server should answer.",
        ) from cause
    return CopyRecords(outcome, message, {kind: fields[0] for kind, fields in records.items() if fields})
