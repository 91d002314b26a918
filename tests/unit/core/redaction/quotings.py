"""A secret in every form in which programs write it, and a key that opens nothing."""

from __future__ import annotations

import base64
import html
import json
import quopri
import random
import shlex
import string
import subprocess
import urllib.parse
from collections.abc import Callable

from runbook_lib.core.redaction import Secret

VALUE = "p<4 ss'wö/rd+&\"x"
SECRET = Secret("DB_PASSWORD", VALUE)
# a key that opens nothing: lines as OpenSSH writes them
# the same in every process: xdist compares the names of the tests that its workers collected
_RANDOM = random.Random(27)
KEY_LINES = ["".join(_RANDOM.choices(string.ascii_letters + string.digits + "-_", k=70)) for _ in range(6)] + ["Qx3a=="]
KEY = "\n".join(["-----BEGIN OPENSSH PRIVATE KEY-----", *KEY_LINES, "-----END OPENSSH PRIVATE KEY-----", ""])


def ansi_c(text: str) -> str:
    """As bash writes it in `$'…'`."""
    shown = subprocess.run(["bash", "-c", 'printf %q "$1"', "x", text], capture_output=True, text=True, check=True,
                           env={"LC_ALL": "C"})
    return shown.stdout


def double_quoted(text: str) -> str:
    return '"' + "".join("\\" + one if one in '"$`\\!' else one for one in text) + '"'


def wrapped(text: str, columns: int, indent: str = "") -> str:
    return ("\n" + indent).join(text[place:place + columns] for place in range(0, len(text), columns))


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


# every usual quoting; each takes the whole text around the secret, too
QUOTINGS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "repr": repr,
    "ascii": ascii,
    "repr of bytes": lambda text: repr(text.encode()),
    "JSON": json.dumps,
    "base64 of base64": lambda text: b64(b64(text)),
    "JSON with its own letters": lambda text: json.dumps(text, ensure_ascii=False),
    "JSON inside JSON": lambda text: json.dumps(json.dumps(text)),
    "JSON three times": lambda text: json.dumps(json.dumps(json.dumps(text))),
    "JSON as Go writes it": lambda text: json.dumps(text).replace("<", "\\u003c").replace("&", "\\u0026").replace(">", "\\u003e"),
    "shell": shlex.quote,
    "shell by hand": lambda text: "'" + text.replace("'", "'\\''") + "'",
    "shell in double quotes": double_quoted,
    "bash printf %q": ansi_c,
    "shell inside JSON": lambda text: json.dumps("'" + text.replace("'", "'\\''") + "'"),
    "percent": lambda text: urllib.parse.quote(text, safe=""),
    "percent with slashes": urllib.parse.quote,
    "percent in lower case": lambda text: "".join(
        f"%{byte:02x}" if not chr(byte).isalnum() or byte > 127 else chr(byte) for byte in text.encode()),
    "form": urllib.parse.quote_plus,
    "percent twice": lambda text: urllib.parse.quote(urllib.parse.quote(text, safe=""), safe=""),
    "HTML": html.escape,
    "HTML by number": lambda text: "".join(one if one.isalnum() and one.isascii() else f"&#{ord(one)};" for one in text),
    "HTML twice": lambda text: html.escape(html.escape(text)),
    "SQL": lambda text: "'" + text.replace("'", "''") + "'",
    "CSV": lambda text: '"' + text.replace('"', '""') + '"',
    "Compose": lambda text: text.replace("$", "$$"),
    "printf": lambda text: text.replace("%", "%%"),
    "base64": b64,
    "base64 for URLs": lambda text: base64.urlsafe_b64encode(text.encode()).decode(),
    "base64 at 64 columns": lambda text: wrapped(b64(text), 64),
    "base64 at 76 columns": lambda text: wrapped(b64(text), 76),
    "base64 in YAML": lambda text: wrapped(b64(text), 64, "      "),
    "base64 in JSON": lambda text: json.dumps(wrapped(b64(text), 76)),
    "base64 in a URL": lambda text: urllib.parse.quote(b64(text), safe=""),
    "hex": lambda text: text.encode().hex(),
    "HEX": lambda text: text.encode().hex().upper(),
    "hex with colons": lambda text: text.encode().hex(":"),
    "hex dump": lambda text: text.encode().hex(" "),
    "hex escapes": lambda text: "".join(f"\\x{byte:02x}" for byte in text.encode()),
    "hex in C": lambda text: ", ".join(f"0x{byte:02x}" for byte in text.encode()),
    "every byte in JSON": lambda text: "".join(f"\\u{byte:04x}" for byte in text.encode()),
    "numbers": lambda text: str(list(text.encode())),
    "octal": lambda text: "".join(f"\\{byte:03o}" for byte in text.encode()),
    "every byte in HTML": lambda text: "".join(f"&#x{byte:x};" if byte > 15 else f"&#x0{byte:x};" for byte in text.encode()),
    "every byte in HTML by number": lambda text: "".join(f"&#{byte};" for byte in text.encode()),
    "hex of UTF-16": lambda text: "".join(f"{byte:02x}00" for byte in text.encode()),
    "base32": lambda text: base64.b32encode(text.encode()).decode(),
    "base32 in small letters": lambda text: base64.b32encode(text.encode()).decode().lower(),
    "quoted-printable": lambda text: quopri.encodestring((text + "=").encode()).decode(),
    "quoted-printable with soft line ends": lambda text: quopri.encodestring(f"{'z' * 70}{text}".encode()).decode(),
    "UTF-16": "\0".join,
    "UTF-16 by cat -v": "^@".join,
    "UTF-16 in JSON": "\\u0000".join,
    "base64 of UTF-16": lambda text: base64.b64encode(text.encode("utf-16-le")).decode(),
}
