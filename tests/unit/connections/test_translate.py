"""No error of a library ends as a traceback: each class, found by introspection, becomes one of ours."""

from __future__ import annotations

import ast
import errno
import http.client
import importlib
import inspect
import pkgutil
import socket
import ssl
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import docker
import paramiko
import pytest
import requests
import urllib3

from runbook_lib.connections import translate as translate_module
from runbook_lib.connections.translate import LIBRARIES, Over, library_of, translate, translate_errors
from runbook_lib.core.errors import (
    AuthenticationRefused,
    DockerUnavailable,
    EndpointUnavailable,
    FactUnreadable,
    HostKeyChanged,
    HostUnreachable,
    LinkDropped,
    LockHeld,
    NameUnresolved,
    RunbookError,
)

PACKAGES: tuple[ModuleType, ...] = (paramiko, docker, requests, urllib3, http.client, ssl, socket)
CONNECTIONS = Path(translate_module.__file__).parent
ADDRESS, COMMAND = "deploy@h:22", "df -P /"

# what the server, or the engine, answered; every other class of these packages means silence or a broken link
REFUSALS = {
    "paramiko.AuthenticationException": AuthenticationRefused,
    "paramiko.AuthFailure": AuthenticationRefused,
    "paramiko.BadAuthenticationType": AuthenticationRefused,
    "paramiko.PartialAuthentication": AuthenticationRefused,
    "paramiko.PasswordRequiredException": AuthenticationRefused,
    "paramiko.UnableToAuthenticate": AuthenticationRefused,
    "paramiko.BadHostKeyException": HostKeyChanged,
    "paramiko.ChannelException": FactUnreadable,
    "docker.APIError": FactUnreadable,
    "docker.NotFound": FactUnreadable,
    "docker.ImageNotFound": FactUnreadable,
    "docker.ContainerError": FactUnreadable,
    "docker.BuildError": FactUnreadable,
    "docker.ImageLoadError": FactUnreadable,
}


# Every class there is, as of the versions in the lock: of one that a library adds, a person must decide what it means.
KNOWN = {
    "docker": """
        APIError BuildError ContainerError ContextAlreadyExists ContextException ContextNotFound CredentialsNotFound
        DeprecatedMethod DockerException ImageLoadError ImageNotFound InitializationError InvalidArgument
        InvalidConfigFile InvalidRepository InvalidVersion MissingContextParameter NotFound NullResource SocketError
        StoreError StreamParseError TLSParameterError
    """,
    "http": """
        BadStatusLine CannotSendHeader CannotSendRequest HTTPException ImproperConnectionState IncompleteRead InvalidURL
        LineTooLong NotConnected RemoteDisconnected ResponseNotReady UnimplementedFileMode UnknownProtocol
        UnknownTransferEncoding
    """,
    "paramiko": """
        AuthFailure AuthenticationException BERException BadAuthenticationType BadHostKeyException ChannelException
        ConfigParseError CouldNotCanonicalize IncompatiblePeer InvalidHostKey MessageOrderError NeedRekeyException
        NoValidConnectionsError PartialAuthentication PasswordRequiredException PipeTimeout ProxyCommandFailure
        SFTPError SSHException UnableToAuthenticate UnknownKeyType
    """,
    "requests": """
        ChunkedEncodingError ConnectTimeout ConnectionError ContentDecodingError CookieConflictError HTTPError
        InvalidHeader InvalidJSONError InvalidProxyURL InvalidSchema InvalidURL JSONDecodeError MissingSchema ProxyError
        ReadTimeout RequestException RetryError SSLError StreamConsumedError Timeout TooManyRedirects URLRequired
        UnrewindableBodyError
    """,
    "socket": """
        gaierror herror
    """,
    "ssl": """
        SSLCertVerificationError SSLEOFError SSLError SSLSyscallError SSLWantReadError SSLWantWriteError
        SSLZeroReturnError
    """,
    "urllib3": """
        BodyNotHttplibCompatible CertificateError ClosedPoolError ConnectTimeoutError DecodeError EmptyPoolError
        FullPoolError HTTPError HeaderParsingError HostChangedError IncompleteRead InvalidChunkLength InvalidHeader
        LocationParseError LocationValueError MaxRetryError NameResolutionError NewConnectionError PoolError
        ProtocolError ProxyError ProxySchemeUnknown ProxySchemeUnsupported ReadTimeoutError RequestError ResponseError
        ResponseNotChunked SSLError TimeoutError TimeoutStateError URLSchemeUnknown UnrewindableBodyError
    """,
}


def modules(package: ModuleType) -> Iterator[ModuleType]:
    """A package with all its modules that can be imported here."""
    yield package
    for found in pkgutil.walk_packages(getattr(package, "__path__", []), f"{package.__name__}."):
        try:
            yield importlib.import_module(found.name)
        except Exception:  # support for Windows, or for something that is not installed
            continue


def not_importable(package: ModuleType) -> Iterator[str]:
    """Names of a package's modules that cannot be imported here."""
    for found in pkgutil.walk_packages(getattr(package, "__path__", []), f"{package.__name__}.", onerror=lambda _: None):
        try:
            importlib.import_module(found.name)
        except Exception:
            yield found.name


def imported_libraries(tree: ast.AST) -> Iterator[str]:
    """The top names that a module imports, at its top or inside a function."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (one.name.partition(".")[0] for one in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.partition(".")[0]


def error_classes(package: ModuleType) -> list[type[Exception]]:
    """Every exception class that a package defines; warnings are not raised."""
    top = package.__name__.partition(".")[0]
    found = {
        one for module in modules(package) for _, one in inspect.getmembers(module, inspect.isclass)
        if issubclass(one, Exception) and not issubclass(one, Warning)
        and one.__name__ != "_GiveupOnSendfile"  # raised and caught inside socket.py
        and one.__module__.partition(".")[0] in (top, f"_{top}")
    }
    return sorted(found, key=name_of)


def os_errors() -> list[type[Exception]]:
    """OSError and its subclasses in the language itself."""
    waiting, found = [OSError, EOFError], []
    while waiting:
        kind = waiting.pop()
        if kind.__module__ == "builtins":
            found.append(kind)
            waiting += kind.__subclasses__()
    return sorted(found, key=name_of)


def name_of(kind: type[Exception]) -> str:
    return f"{kind.__module__.partition('.')[0].lstrip('_')}.{kind.__name__}"


def made(kind: type[Exception]) -> Exception:
    """An instance without calling constructors that want live keys and sockets."""
    names = {"__init__": Exception.__init__, "__str__": Exception.__str__, "__module__": kind.__module__}
    error: Exception = type(kind.__name__, (kind,), names)("reason")
    return error


CLASSES = sorted({one for package in PACKAGES for one in error_classes(package)} | set(os_errors()), key=name_of)


def expected(kind: type[Exception], over: Over, connecting: bool) -> type[RunbookError]:
    """What the class of a library becomes in an exchange over this protocol."""
    lost = HostUnreachable if connecting else LinkDropped
    by_protocol = {Over.SSH: lost, Over.HTTP: EndpointUnavailable, Over.DOCKER: DockerUnavailable}
    by_library = {"paramiko": lost, "docker": DockerUnavailable, "": by_protocol[over]}
    usual = by_library.get(library_of(made(kind)), DockerUnavailable if over is Over.DOCKER else EndpointUnavailable)
    if usual is EndpointUnavailable and kind in (socket.gaierror, urllib3.exceptions.NameResolutionError):
        return NameUnresolved  # nothing was sent
    return REFUSALS.get(name_of(kind), usual)


def translated(kind: type[Exception], over: Over, connecting: bool) -> Exception:
    """What arrives at the caller when a library raises an error of this class."""
    try:
        with translate_errors(ADDRESS, COMMAND, over=over, connecting=connecting):
            raise made(kind)
    except Exception as error:
        return error


@pytest.mark.parametrize("over", Over, ids=lambda over: over.name.lower())
@pytest.mark.parametrize("connecting", [True, False], ids=["connecting", "exchanging"])
def test_each_error_of_a_library_becomes_one_of_ours(over: Over, connecting: bool) -> None:
    for kind in CLASSES:
        ours = translated(kind, over, connecting)
        assert isinstance(ours, RunbookError), f"{name_of(kind)} would end as a traceback"
        assert type(ours) is expected(kind, over, connecting), name_of(kind)
        assert isinstance(ours.__cause__, kind)
        assert (ours.host, ours.command) == (ADDRESS, COMMAND)  # type: ignore[attr-defined]
        assert ours.where and ours.next_step


def test_a_class_that_a_library_adds_or_takes_away_is_noticed() -> None:
    """Unnoticed, a new class counts as silence, and a refusal among them would be tried again for ever."""
    present = {name_of(kind) for kind in CLASSES if kind.__module__ != "builtins"}
    assert present == {f"{library}.{name}" for library, names in KNOWN.items() for name in names.split()}


def test_every_module_of_a_library_was_looked_into() -> None:
    """A module that cannot be imported here would hide its classes; those have a reason."""
    reasons = {"paramiko.win_pageant", "paramiko.win_openssh", "paramiko._winapi", "docker.transport.npipeconn", "docker.transport.npipesocket",
               "urllib3.contrib.pyopenssl", "urllib3.contrib.socks", "urllib3.contrib.emscripten", "urllib3.http2"}
    missing = {name for package in PACKAGES for name in not_importable(package)}
    assert {name for name in missing if not any(name == one or name.startswith(f"{one}.") for one in reasons)} == set()


# whose errors do not break a connection, and where they are handled: `translate` does not know them
HANDLED_ELSEWHERE = {
    "gevent": "the load generator is a process of its own: whatever ends it, its parent names the last line it printed",
    "locust": "in the load generator, as gevent; what a request raises is counted by locust as a failed one",
    "yaml": "a project's name in its Compose files: what local_compose cannot read it leaves to Compose, which says why",
    "cryptography": "keys and certificates: ssh_keys and host_certificates catch its errors and name the file",
}


def test_every_library_that_connections_imports_is_enumerated() -> None:
    """A library that is imported later must be added to this test, and to `translate` or to what is handled elsewhere."""
    imported = {top for path in CONNECTIONS.rglob("*.py") for top in imported_libraries(ast.parse(path.read_text()))}
    imported |= {"urllib3"} & {*imported_libraries(ast.parse(Path(requests.__file__).read_text()))}  # whose errors come along
    assert imported - sys.stdlib_module_names - {"runbook_lib"} == (LIBRARIES | HANDLED_ELSEWHERE.keys()) - sys.stdlib_module_names
    known = {package.__name__.partition(".")[0] for package in PACKAGES}
    assert known == LIBRARIES | {"socket"}  # the errors of a socket are OSErrors
    assert all(error_classes(package) for package in (paramiko, docker, requests, urllib3, http.client, ssl))


def test_a_class_that_no_rule_names_is_noticed() -> None:
    """The red case: an exception of a library that `translate` does not know stays what it is."""
    unknown = type("FtpError", (Exception,), {"__module__": "ftplib"})
    with pytest.raises(unknown), translate_errors(ADDRESS, COMMAND):
        raise unknown("reason")


def test_the_refusals_of_this_test_are_classes_that_exist() -> None:
    assert REFUSALS.keys() <= {name_of(kind) for kind in CLASSES}


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (socket.gaierror(-2, "Name or service not known"), "does not resolve"),
        (ConnectionRefusedError(111, "refused"), "refuses connections"),
        (TimeoutError("timed out"), "did not answer in time"),
        (OSError(113, "No route to host"), "No route to host"),
        (EOFError(), "EOFError"),
        (paramiko.ssh_exception.IncompatiblePeer("no cipher"), "no acceptable SSH algorithm"),
    ],
)
def test_no_connection_names_the_way_it_failed(error: Exception, words: str) -> None:
    ours = translate(error, ADDRESS, "", connecting=True)
    assert isinstance(ours, HostUnreachable)
    assert words in ours.what
    assert ours.where == ADDRESS
    # a server that offers others is reached at its address: its own configuration is what can be changed
    assert ("KexAlgorithms" in ours.next_step, "address and port" in ours.next_step) == (
        "algorithm" in words, not any(word in words for word in ("algorithm", "resolve")))


def test_a_break_in_an_exchange_leaves_the_outcome_unknown() -> None:
    ours = translate(ConnectionResetError(errno.ECONNRESET, "reset"), ADDRESS, "make " + "x" * 900)
    assert isinstance(ours, LinkDropped)
    assert "outcome of the command is unknown" in ours.what
    assert len(ours.where) < 350


def test_an_error_of_ours_passes_unchanged() -> None:
    ours = LockHeld("held")
    with pytest.raises(LockHeld) as caught, translate_errors("h", "c"):
        raise ours
    assert caught.value is ours


@pytest.mark.parametrize("over", Over)
@pytest.mark.parametrize("kind", [ZeroDivisionError, KeyError, ValueError, AssertionError])
def test_a_bug_is_not_disguised_as_a_broken_link(kind: type[Exception], over: Over) -> None:
    with pytest.raises(kind), translate_errors("h", "c", over=over):
        raise kind


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
def test_ctrl_c_is_not_translated(kind: type[BaseException]) -> None:
    with pytest.raises(kind), translate_errors("h", "c"):
        raise kind
