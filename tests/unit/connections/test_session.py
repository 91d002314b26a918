"""Output counts between the marks only, whatever a login shell or a wrapper prints, and however the bytes are cut."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runbook_lib.connections.limits import discard
from runbook_lib.connections.session import LOGIN_LINE, Reply, conversation_program, session_program, stream_program
from runbook_lib.core.errors import LoginUnusable

MARK = "0123456789abcdef" * 2
WORDS = st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=30), max_size=4)


def ran(*argv: str, cwd: str | None = None, stdin: bytes = b"", line: str = LOGIN_LINE,
        variables: dict[str, str] | None = None, shell: str = "sh") -> tuple[int | None, str, str]:
    """Exit code, output and error output of a program, as a login shell that is `sh` would run it."""
    done = subprocess.run([shell, "-c", line], input=session_program(MARK, argv, cwd) + stdin, capture_output=True,
                          env={**os.environ, **(variables or {})})
    out, err = bytearray(), bytearray()
    reply = Reply("h", MARK, out.extend, err.extend)
    reply.take_stdout(done.stdout)
    reply.take_stderr(done.stderr)
    return reply.exit_code, out.decode(), err.decode()


def sh(text: str) -> tuple[str, ...]:
    return ("sh", "-c", text)


@settings(max_examples=30, deadline=None)
@given(WORDS)
def test_a_program_gets_the_very_words(words: list[str]) -> None:
    assert ran("printf", r"%s\0", *words, "end")[1].split("\0")[:-1] == [*words, "end"]


def test_the_rest_of_the_input_is_the_commands_own() -> None:
    assert ran("cat", stdin=b"one\ntwo") == (0, "one\ntwo", "")
    assert ran("true", stdin=b"exit 9\n") == (0, "", "")


def test_an_exit_code_is_the_commands_own_whatever_a_wrapper_ends_with() -> None:
    assert ran(*sh("exit 41")) == (41, "", "")
    assert ran(*sh("kill -9 $$"))[0] == 137
    assert ran(*sh("exit 41"), line=f"{LOGIN_LINE}; echo bye; exit 3") == (41, "", "")
    assert ran("no-such-program")[0] == 127


def test_a_missing_directory_is_not_an_answer_of_the_command() -> None:
    code, out, err = ran("echo", "hi", cwd="/no/such/place")
    assert (code, out) == (126, "")
    assert "No such file" in err
    assert ran("pwd", cwd="/usr") == (0, "/usr\n", "")


def test_noise_around_the_output_is_cut_off() -> None:
    noisy = f"echo Welcome; echo on stderr >&2; {LOGIN_LINE}; echo bye; echo bye >&2"
    assert ran(*sh("printf out; printf err >&2"), line=noisy) == (0, "out", "err")


@pytest.mark.parametrize("line", ["true", "echo This account is currently not available.; exit 1", "cat >/dev/null",
                                  f"{LOGIN_LINE} </dev/null", "exit 127"])
def test_a_login_that_runs_nothing_has_no_exit_code(line: str) -> None:
    assert ran("echo", "fact", line=line) == (None, "", "")


def test_what_the_login_printed_instead_is_in_the_error() -> None:
    reply = Reply("h", MARK, discard, discard)
    reply.take_stdout(b"This account is currently not available.\n")
    reply.take_stderr(b"\xff bye\n")
    error = reply.never_began()
    assert isinstance(error, LoginUnusable)
    assert "This account is currently not available. \ufffd bye" in error.what
    assert "getent passwd" in error.next_step
    assert "it printed nothing" in Reply("h", MARK, discard, discard).never_began().what


def test_mixed_streams_are_not_read() -> None:
    with pytest.raises(LoginUnusable, match="joins standard error"):
        ran("echo", "fact", line=f"{LOGIN_LINE} 2>&1")


def test_a_wrapper_without_standard_error_still_gives_the_output() -> None:
    assert ran("echo", "fact", line=f"{LOGIN_LINE} 2>/dev/null") == (0, "fact\n", "")


def test_a_command_that_was_killed_with_its_shell_has_no_exit_code() -> None:
    assert ran(*sh("echo half; kill -9 $PPID"))[:2] == (None, "half\n")


@given(st.binary(max_size=200), st.binary(max_size=60), st.lists(st.integers(1, 40), min_size=1, max_size=20))
def test_output_is_the_same_however_the_stream_is_cut(output: bytes, noise: bytes, sizes: list[int]) -> None:
    stream = noise + f"{MARK} begin\n".encode() + output + f"{MARK} end 7\n".encode() + noise
    received = bytearray()
    reply = Reply("h", MARK, received.extend, discard)
    position = 0
    while position < len(stream):
        size = sizes[position % len(sizes)]
        reply.take_stdout(stream[position : position + size])
        position += size
    assert (bytes(received), reply.exit_code) == (output, 7)


def test_output_is_handed_over_as_it_comes_unless_it_may_be_the_mark() -> None:
    received = bytearray()
    reply = Reply("h", MARK, received.extend, discard)
    reply.take_stdout(f"{MARK} begin\nline\n0123".encode())
    assert received == b"line\n"
    reply.take_stdout(b"4 more")
    assert received == b"line\n01234 more"


def test_much_noise_is_bounded_in_memory_and_in_the_message() -> None:
    reply = Reply("h", MARK, discard, discard)
    for _ in range(100):
        reply.take_stdout(b"x" * 10_000)
    assert len(reply.never_began().what) < 1000


@pytest.mark.parametrize("locale", ["de_DE.UTF-8", "tr_TR.UTF-8", "C.UTF-8"])
def test_a_profile_changes_nothing(tmp_path: Path, locale: str) -> None:
    (tmp_path / "env.sh").write_text("echo from a start-up file\n")
    variables = {"BASH_ENV": str(tmp_path / "env.sh"), "ENV": str(tmp_path / "env.sh"), "CDPATH": "/usr", "LANG": locale,
                 "LC_NUMERIC": locale, "LANGUAGE": "de", "COMPOSE_PROJECT_NAME": "other", "BLOCK_SIZE": "1",
                 "POSIXLY_CORRECT": "1", "BASH_FUNC_df%%": "() { echo forged; }"}
    asked = sh('echo "$LC_ALL|$LANGUAGE|$COMPOSE_PROJECT_NAME|$CDPATH|$BLOCK_SIZE|$POSIXLY_CORRECT"; df -P / | wc -l')
    assert ran("bash", "-c", asked[2], variables=variables) == (0, "C|||||\n2\n", "")


@pytest.mark.parametrize("exported", ["cat", "printf", "test", "date", "[", "exec", "read", "env", "builtin", "unset", "echo", "export", "local", "true"])
def test_a_function_that_a_profile_exports_stands_for_no_program_of_ours(exported: str) -> None:
    variables = {f"BASH_FUNC_{exported}%%": "() { while :; do :; done; }"}
    asked = 'f() { local x=1; [ -n "$x" ] && test 1 && printf "%s " "$(echo a | cat)" "$(date +%Y | wc -c)"; read -r y; unset x; export z=1; exec echo "$y"; }; f'
    assert ran("bash", "-c", asked, stdin=b"in\n", variables=variables, shell="bash") == (0, "a 5 in\n", "")


def test_options_and_limits_that_a_profile_exports_reach_no_program_of_ours() -> None:
    variables = {"SHELLOPTS": "errexit:noglob:nounset:xtrace", "BASHOPTS": "failglob:nocasematch", "TMOUT": "1", "BASH_COMPAT": "3.1",
                 "EXECIGNORE": "*/cat", "COMPOSE_REMOVE_ORPHANS": "1", "COMPOSE_DISABLE_ENV_FILE": "1", "COMPOSE_FILE": "other.yml",
                 "PERL5OPT": "-MNo::Such", "GIT_NAMESPACE": "other", "GIT_OBJECT_DIRECTORY": "/nowhere", "GIT_TRACE": "1", "GIT_EXTERNAL_DIFF": "false"}
    asked = 'git -C /nowhere version >/dev/null 2>&1; perl -e "exit 0" || echo no perl; env | grep -E "^GIT_(NAME|OBJ|TRACE|EXT)" || true; false; echo "$SHELLOPTS|$unset|${TMOUT-}|${BASH_COMPAT-}|$(echo /et[c]; echo x | cat)" $(env | grep -c ^COMPOSE); read -r y < <(sleep 2; echo late); echo "$y"'
    assert ran("bash", "-c", asked, variables=variables, shell="bash") == (0, "braceexpand:hashall:interactive-comments||||/etc\nx 0\nlate\n", "")


def test_a_stream_is_the_program_itself() -> None:
    done = subprocess.run(["sh", "-c", LOGIN_LINE], input=stream_program(MARK, ("cat",)) + b"GET /", capture_output=True)
    assert done.stdout == f"{MARK} begin\nGET /".encode()
    assert done.stderr == f"{MARK} errors begin\n".encode()


def test_a_conversation_shows_its_end_before_the_rest_of_its_input_is_read_away() -> None:
    with subprocess.Popen(["sh", "-c", LOGIN_LINE], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL) as process:
        assert process.stdin
        assert process.stdout
        process.stdin.write(conversation_program(MARK, sh("read -r line; echo $PWD $line; exit 5"), "/usr") + b"one\n")
        process.stdin.flush()
        shown = [process.stdout.readline().decode() for _ in range(3)]
        assert shown == [f"{MARK} begin\n", "/usr one\n", f"{MARK} end 5\n"]
        process.stdin.write(b"two\n" * 100_000)
        process.stdin.close()
        assert process.wait(60) == 5
