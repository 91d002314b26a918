"""A known-hosts file read as OpenSSH reads it (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT); a line that is none is skipped.

paramiko's own reader takes a marker for a host name, compares patterns literally and stops at the rest.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import translate

from runbook_lib.core.text import lines_of

DEFAULT_PORT = 22
AUTHORITY, REVOKED = "@cert-authority", "@revoked"


@dataclass(frozen=True)
class KnownKey:
    """One line: whose key it is, its type and its bytes as on the wire. `marker` is empty for a plain host key."""

    marker: str
    hosts: str
    key_type: str
    blob: bytes
    line: int

    def names(self, name: str) -> bool:
        """Whether the line is about the host of this name (`host`, or `[host]:port`)."""
        if self.hosts.startswith("|"):
            return _hash_is_of(self.hosts, name)
        matched = False
        for pattern in self.hosts.lower().split(","):
            if _matches(pattern.removeprefix("!"), name.lower()):
                if pattern.startswith("!"):
                    return False  # one negated match outweighs all others
                matched = True
        return matched


def parse(text: str) -> tuple[KnownKey, ...]:
    """The keys of a known-hosts file, in its order."""
    found = (_parse_line(number, line) for number, line in enumerate(lines_of(text), 1))
    return tuple(key for key in found if key is not None)


def names_of(host: str, port: int, alias: str = "") -> tuple[str, ...]:
    """The names to look up, in this order: `host` on the usual port; else `[host]:port`, then `host`.

    An alias (HostKeyAlias) stands for both. An entry without the port counts as long as it fits: OpenSSH does so too.
    """
    if alias:
        return (alias,)
    return (host,) if port == DEFAULT_PORT else (f"[{host}]:{port}", host)


def keys_for(keys: Iterable[KnownKey], name: str, marker: str = "") -> tuple[KnownKey, ...]:
    """The keys of that marker for the host of that name."""
    return tuple(key for key in keys if key.marker == marker and key.names(name))


def _parse_line(number: int, line: str) -> KnownKey | None:
    words = line.split()
    marker = words.pop(0) if words and words[0].startswith("@") else ""
    # the fields after the key are a comment
    if len(words) < 3 or words[0].startswith("#") or marker not in ("", AUTHORITY, REVOKED):
        return None
    hosts, key_type, encoded = words[:3]
    try:
        blob = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return None
    # the type stands in the key's own bytes too; the old protocol's lines have numbers here
    if blob[4 : 4 + int.from_bytes(blob[:4], "big")] != key_type.encode():
        return None
    return KnownKey(marker, hosts, key_type, blob, number)


def _hash_is_of(hashed: str, name: str) -> bool:
    fields = hashed.split("|")
    if len(fields) != 4 or fields[1] != "1":
        return False
    try:
        salt, expected = (base64.b64decode(field, validate=True) for field in fields[2:])
    except (binascii.Error, ValueError):
        return False
    # SHA-1 hides names here and proves nothing
    return hmac.compare_digest(hmac.new(salt, name.lower().encode(), hashlib.sha1).digest(), expected)


def _matches(pattern: str, name: str) -> bool:
    """`*` and `?` alone are special: brackets around a host are part of its name."""
    return re.match(translate(pattern.replace("[", "[[]")), name) is not None
