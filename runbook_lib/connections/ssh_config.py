"""What the operator's OpenSSH configuration says about a host, as `ssh -G` resolves it: Host, Match, Include and all.

The environment file counts like options on ssh's command line: what it names wins. What the configuration adds about
the way to the host is honoured; what it sets beyond that is named in one line, so that nothing is ignored silently.
"""

from __future__ import annotations

import getpass
import os
import re
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path

from runbook_lib.connections.local_files import NO_SSH_CONFIG, OTHER_SSH_CONFIG, must_be_readable
from runbook_lib.core.errors import HostUnreachable, PreconditionFailed
from runbook_lib.core.text import lines_of

TIMEOUT_S = 10.0  # `Match exec` may run a program of the operator's
NO_FILE = NO_SSH_CONFIG
Options = dict[str, tuple[str, ...]]

_HONOURED = {"host", "hostname", "port", "user", "addressfamily", "bindaddress", "connecttimeout", "hostkeyalias",
             "identityfile", "identitiesonly", "identityagent", "certificatefile", "proxyjump", "proxycommand"}
# without a meaning for one connection without a terminal; or always so here: keys only, host keys always checked
_WITHOUT_EFFECT = {
    "addkeystoagent", "batchmode", "canonicaldomains", "canonicalizefallbacklocal", "canonicalizehostname",
    "canonicalizemaxdots", "canonicalizepermittedcnames", "checkhostip", "clearallforwardings", "compression",
    "connectionattempts", "controlpersist", "enableescapecommandline", "enablesshkeysign", "escapechar",
    "exitonforwardfailure", "fingerprinthash", "forkafterauthentication", "forwardagent", "forwardx11",
    "forwardx11timeout", "forwardx11trusted", "gatewayports", "globalknownhostsfile", "gssapiauthentication",
    "gssapidelegatecredentials", "gssapikeyexchange", "gssapirenewalforcesrekey", "gssapitrustdns", "hashknownhosts",
    "hostbasedacceptedalgorithms", "hostbasedauthentication", "ipqos", "kbdinteractiveauthentication",
    "kbdinteractivedevices", "logfile", "loglevel", "logverbose", "nohostauthenticationforlocalhost",
    "numberofpasswordprompts", "obscurekeystroketiming", "passwordauthentication", "permitlocalcommand",
    "preferredauthentications", "proxyusefdpass", "requesttty", "serveralivecountmax", "serveraliveinterval",
    "sessiontype", "stdinnull", "syslogfacility", "tag", "tcpkeepalive", "updatehostkeys", "verifyhostkeydns",
    "visualhostkey", "xauthlocation",
}
_USUAL_VARIABLES = re.compile(r"LANG|LC_.*|COLORTERM|NO_COLOR|TERM")  # Debian's own; the server's programs get LC_ALL=C
_SHOWN = {name.lower(): name for name in (
    "ControlMaster", "ControlPath", "RemoteCommand", "SendEnv", "SetEnv", "StrictHostKeyChecking", "UserKnownHostsFile",
    "LocalForward", "RemoteForward", "DynamicForward", "LocalCommand", "Ciphers", "MACs", "KexAlgorithms",
    "HostKeyAlgorithms", "PubkeyAcceptedAlgorithms", "CASignatureAlgorithms", "BindInterface", "RevokedHostKeys",
    "KnownHostsCommand", "PubkeyAuthentication", "RequiredRSASize", "RekeyLimit", "Tunnel", "PKCS11Provider",
    "SecurityKeyProvider", "User", "Port", "ConnectTimeout")}


@dataclass(frozen=True)
class Route:
    """The way to a host. Empty text or None: nothing was said. `notices` name what the configuration says in vain."""

    host: str
    port: int
    config_file: str = ""
    alias: str = ""
    family: str = "any"
    bind_address: str = ""
    connect_timeout_s: float | None = None
    identity_files: tuple[str, ...] = ()
    certificate_files: tuple[str, ...] = ()
    agent: str = ""
    proxy_jump: str = ""
    proxy_command: str = ""
    notices: tuple[str, ...] = ()


def find_route(host: str, port: int | None, user: str, config_file: str = "") -> Route:
    """The way to `host` according to OpenSSH's configuration; `port` None leaves the port to it.

    `config_file`: the file to read instead of the user's and the system's; "none": no file at all. Raises
    EnvironmentInvalid where it cannot be read, PreconditionFailed where OpenSSH refuses the configuration,
    HostUnreachable for what cannot be honoured.
    """
    if config_file == NO_FILE:
        return Route(host, port or 22, config_file)
    given = ("-l", user, *(("-p", str(port)) if port else ()))
    try:
        found = _resolved(config_file, host, *given)
        plain, usual = _resolved(config_file, host), _resolved(NO_FILE, host)
    except FileNotFoundError:
        return Route(host, port or 22, config_file, notices=_unread(config_file))
    chosen = {key: values for key, values in found.items() if values != usual.get(key)}
    route = Route(
        host=_one(found, "hostname") or host,
        port=int(_one(found, "port") or port or 22),
        config_file=config_file,
        alias=_one(chosen, "hostkeyalias"),
        family=_one(found, "addressfamily") or "any",
        bind_address=_one(chosen, "bindaddress"),
        connect_timeout_s=_seconds(_one(chosen, "connecttimeout")),
        identity_files=_paths(chosen.get("identityfile", ()), found, host, user),
        certificate_files=_paths(chosen.get("certificatefile", ()), found, host, user),
        agent=next(iter(_paths(chosen.get("identityagent", ()), found, host, user)), ""),
        proxy_jump=_one(found, "proxyjump"),
        proxy_command=_one(found, "proxycommand").removeprefix("none"),
        notices=_notices(host, chosen, plain, usual, user, port),
    )
    if _one(chosen, "proxyusefdpass") == "yes" and route.proxy_command:
        raise HostUnreachable("ProxyUseFdpass in OpenSSH's configuration cannot be honoured.", where=host,
                              next_step="Use ProxyJump, or a ProxyCommand without it, for this host.")
    return route


def _resolved(config_file: str, host: str, *given: str) -> Options:
    """`ssh -G`: the options as ssh would use them, by their names in small letters. Raises FileNotFoundError."""
    if config_file not in ("", NO_FILE):
        must_be_readable("OpenSSH configuration file", Path(config_file).expanduser(), OTHER_SSH_CONFIG)
    file = ("-F", config_file) if config_file else ()
    command = ("ssh", *file, "-G", *given, "--", host)
    try:
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=TIMEOUT_S, check=False,
                              stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired as error:
        raise PreconditionFailed(f"OpenSSH's configuration took more than {TIMEOUT_S:g} s to read.", where=host,
                                 next_step="Try `ssh -G` with that host: a `Match exec` may hang.") from error
    if done.returncode != 0:
        reason = " ".join(done.stderr.split())[:400]
        raise PreconditionFailed(f"OpenSSH refuses its configuration: {reason}", where=host,
                                 next_step="Correct that file; `ssh -G` with that host shows the same.")
    return parse_options(done.stdout)


def parse_options(text: str) -> Options:
    """The output of `ssh -G`: one option a line, some of them several times."""
    found: dict[str, tuple[str, ...]] = {}
    for line in lines_of(text):
        name, _, value = line.strip().partition(" ")
        if name:
            found[name.lower()] = (*found.get(name.lower(), ()), value)
    return found


def _paths(names: tuple[str, ...], found: Options, host: str, user: str) -> tuple[str, ...]:
    """Files with OpenSSH's tokens and variables filled in: `ssh -G` prints most of them as they were written.

    What has no value here stays, and leads to no file. Source: ssh_config(5), TOKENS and ENVIRONMENT VARIABLES.
    """
    if not names:
        return ()
    name = _one(found, "hostname") or host
    tokens = {"%": "%", "d": os.path.expanduser("~"), "h": name, "n": host, "k": _one(found, "hostkeyalias") or host,
              "p": _one(found, "port"), "r": user, "u": _own_name(), "i": str(os.getuid()),
              "l": socket.gethostname(), "L": socket.gethostname().partition(".")[0]}

    def filled(text: str) -> str:
        text = re.sub(r"\$\{(\w+)\}", lambda one: os.environ.get(one[1], one[0]), text)
        return re.sub(r"%(.)", lambda one: tokens.get(one[1], one[0]), text)

    return tuple(filled(one) for one in names)


def _own_name() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user without an entry: in a container, often
        return "%u"


def _notices(host: str, chosen: Options, plain: Options, usual: Options, user: str,
             port: int | None) -> tuple[str, ...]:
    unused = [_shown(name, values) for name, values in sorted(chosen.items())
              if name not in _HONOURED | _WITHOUT_EFFECT and not _is_usual(name, values)]
    for name, ours in (("user", user), ("port", str(port or ""))):
        theirs = _one(plain, name)
        if ours and theirs != ours and theirs != _one(usual, name):
            unused.append(f"{_SHOWN[name]} {theirs} (the environment file says {ours})")
    if not unused:
        return ()
    return (f"OpenSSH's configuration says more about {host} than the runbooks use. Not used: {', '.join(unused)}.",)


def _is_usual(name: str, values: tuple[str, ...]) -> bool:
    return name == "sendenv" and all(_USUAL_VARIABLES.fullmatch(value) for value in values)


def _shown(name: str, values: tuple[str, ...]) -> str:
    # SetEnv may carry a secret
    return _SHOWN.get(name, name) + ("" if name == "setenv" else f" {' '.join(values)[:80]}")


def _unread(config_file: str) -> tuple[str, ...]:
    file = Path(config_file).expanduser() if config_file else Path.home() / ".ssh" / "config"
    return (f"{file} is not read: there is no OpenSSH client on this machine.",) if file.exists() else ()


def _one(options: Options, name: str) -> str:
    return options.get(name, ("",))[0]


def _seconds(text: str) -> float | None:
    return float(text) if text.isdigit() and text != "0" else None
