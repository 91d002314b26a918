"""A container's own health check: in words, and what it asks over HTTP, so that a probe can ask the same."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# curl needs no scheme: `curl localhost:8000/up`
_ASKED = re.compile(r"(?:https?://[^/\s'\"]+|(?<![\w./])(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1\])(?::\d+)?)"
                    r"(/[A-Za-z0-9._/-]*)")
# the same with its parts, of what it asks in its own container alone; a port that the shell fills in is not known
_OWN = re.compile(r"(?:(?P<scheme>https?)://|(?<![\w./:@-]))(?P<host>localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1\])"
                  r"(?P<port>:[^/\s'\"?#]*)?(?P<path>/[^\s'\"|;&<>)\\#$`]*)?(?=$|[\s'\"|;<>)#])")
# programs that end well whatever status came, unless they are asked to mind it
_ANY_STATUS = re.compile(r"\bcurl\b|\bfetch\(|\bhttps?\.get\(|\brequests\.get\(|\bhttp\.client\b|\bNet::HTTP\.get")
_MINDS = re.compile(r"\s-[A-Za-z]*f[A-Za-z]*\b|\s--fail\b|\.ok\b|status|http_code|HTTPSuccess", re.I)


# passes whatever the service does
_CONSTANT = re.compile(r"(?:CMD(?:-SHELL)?\s+)?(?:(?:/usr)?/bin/)?(?:true|:|exit\s+0|echo\b[^|;&]*)\s*", re.I)


@dataclass(frozen=True)
class HealthCheck:
    """One check. `words` and `path` are empty where there is none; `host` is, where no other may ask what it asks.

    `port` is 0 where it asks nothing over HTTP; `tls` is whether it does so over TLS.
    `constant` is one that cannot fail.
    """

    words: str = ""
    path: str = ""
    host: str = ""
    port: int = 0
    asked: str = ""
    tls: bool = False
    constant: bool = False


def read_check(check: Mapping[str, Any]) -> HealthCheck:
    """A health check in words and what it asks. Its command is not kept: it may hold a password."""
    test = check.get("test") or check.get("Test") or ()
    text = test if isinstance(test, str) else " ".join(map(str, test))
    if not text.strip() or check.get("disable") or text.split()[:1] == ["NONE"]:
        return HealthCheck()
    if _CONSTANT.fullmatch(text.strip()):
        return HealthCheck("a program inside its container", constant=True)
    own = _own(text)
    url = _ASKED.search(text)
    if url:
        return HealthCheck(f"{url[1]} answers", url[1], *own)
    known = re.search(r"\b(pg_isready|redis-cli|valkey-cli|mysqladmin|rabbitmq-diagnostics|nc|wget|curl)\b", text)
    words = f"{known[1]} inside its container" if known else "a program inside its container"
    return HealthCheck(words, "", *own)


def _own(text: str) -> tuple[str, int, str, bool]:
    """Host, port and path of its one GET without a log-in or headers of its own; empty for anything else."""
    found = list(_OWN.finditer(text))
    special = re.search(r"(?:^|\s)(?:-H|--header|-u|--user|-d|--data\S*|-X|--request|--post-data)\b|@", text)
    if len(found) != 1 or special:
        return "", 0, "", False
    one = found[0]
    if _ANY_STATUS.search(text) and not _MINDS.search(text.replace(one[0], " ")):
        return "", 0, "", False  # a probe wants a 200, where this one takes a redirection or an error as well
    # without a scheme it is a word of some program, unless that is curl or wget
    if not one["scheme"] and not re.search(r"\b(curl|wget)\b", text):
        return "", 0, "", False
    tls = one["scheme"] == "https"
    port = one["port"] or (":443" if tls else ":80")
    if not re.fullmatch(r":\d{1,5}", port) or not 1 <= int(port[1:]) <= 65_535:
        return "", 0, "", False
    return one["host"], int(port[1:]), one["path"] or "/", tls
