"""Servers whose login shell, start-up files, wrappers or locale are not ours: the same answers, or a clear refusal."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from runbook_lib.connections import jobs, open_connections
from runbook_lib.connections.lock import EnvironmentLock, lock_holder
from runbook_lib.core.commands import Command
from runbook_lib.core.errors import CommandTimedOut, DockerUnavailable, FactUnreadable, LoginUnusable
from runbook_lib.core.plan import StepState
from tests.lab_server import RELOAD_SSHD

if TYPE_CHECKING:
    from runbook_lib.connections import OpenConnections
    from runbook_lib.environment import Environment
    from tests.lab_server import Lab

HOME = "/home/deploy"
# usermod refuses another home while a process of the user is left, and the ones of the test before may be
RESTORE = f"""usermod --shell /bin/bash deploy; sed -i 's#:/no/home:#:{HOME}:#' /etc/passwd
cd {HOME} && rm -rf .bashrc .zshenv .cshrc .config .profile .ssh/rc .ssh/environment
rm -f /etc/ssh/sshd_config.d/*-test.conf /usr/local/bin/wrapper; {RELOAD_SSHD}"""
Login = Callable[..., "OpenConnections"]


@pytest.fixture
def login(lab: Lab, environment: Environment) -> Iterator[Login]:
    """Connections to the server after a change of how its user logs in, which is undone afterwards."""
    opened: list[OpenConnections] = []

    def change(script: str) -> OpenConnections:
        lab.on_server("bash", "-c", f"set -e; cd {HOME}; {script}")
        opened.append(open_connections(environment))
        return opened[-1]

    yield change
    for connections in opened:
        connections.close()
    lab.on_server("bash", "-c", RESTORE)


def sh(text: str, **options: float) -> Command:
    return Command(("sh", "-c", text), **options)  # type: ignore[arg-type]


def works(connections: OpenConnections, environment: Environment) -> None:
    """Questions, files, the lock and jobs give what they should, noise or not."""
    server = connections.server
    assert server.run(sh("printf 'it''s \"$HOME\" \\\\n!\n'; cat")).stdout == 'its "$HOME" \\n!\n'
    assert server.run(Command(("cat",), stdin="x" * 100_000)).stdout == "x" * 100_000
    assert server.execute(sh("echo out; echo err >&2; exit 41")).exit_code == 41
    result = server.execute(Command(("pwd",), cwd="/usr/lib"))
    assert (result.stdout, result.stderr) == ("/usr/lib\n", "")
    with pytest.raises(FactUnreadable, match="exit code 1"):
        server.run(Command(("false",)))
    assert server.read("/etc/debian_version", limit_bytes=3) == b"12."
    assert server.read("/no/such/file") is None
    run_id = f"test-{uuid.uuid4().hex[:8]}"
    with EnvironmentLock(server, environment, "ana@here", run_id, "test"):
        record = lock_holder(server)
        assert record is not None
        assert record["run_id"] == run_id
        outcome = jobs.wait(jobs.start(server, sh("echo done; exit 9"), f"{run_id}/s"))
    assert (outcome.state, outcome.exit_code, outcome.stdout_tail) == (StepState.FAILED, 9, "done\n")
    with pytest.raises(DockerUnavailable):  # there is none here: its stream was reached, and said so
        connections.docker.client()


@pytest.mark.parametrize("shell", ["/bin/dash", "/usr/bin/fish", "/usr/bin/zsh", "/usr/bin/tcsh", "/usr/bin/bsd-csh",
                                   "/usr/bin/ksh", "/bin/rbash"])
def test_any_login_shell_gives_the_same_answers(login: Login, environment: Environment, shell: str) -> None:
    works(login(f"usermod --shell {shell} deploy"), environment)


NOISE = "echo 'Welcome to staging!'; printf '%s' '{\"up\": true}'; echo 'free' >&2"
NOISY = {
    "bash": f"cat > .bashrc <<'E'\n{NOISE}; trap 'echo bye' EXIT; export -f ls 2>/dev/null\nE",
    # bash reads its start-up file in a program that it starts under sshd, too, and with it what its operator prefers
    "strict bash": "echo 'set -euo pipefail; set -C; shopt -s failglob; IFS=,' > .bashrc",
    # what a profile exports is there in every bash below it, and there a function stands for a program
    "functions": "cat > .bashrc <<'E'\nfor one in awk cat cd date docker echo exec exit find flock grep head kill local ls mkdir mv printf pwd read rm "
                 "sed setsid sleep stat tail test trap [ ; do eval \"$one() { builtin echo not the $one; builtin return 7; }\"; builtin export -f $one; done\nE",
    "options": "echo 'export SHELLOPTS BASHOPTS TMOUT=1 BASH_COMPAT=3.1 EXECIGNORE=\"*/cat:*/mv\"; shopt -s failglob; set -efuC' > .bashrc",
    "no home": f"sed -i '/^deploy:/s#:{HOME}:#:/no/home:#' /etc/passwd; printf 'AuthorizedKeysFile {HOME}/.ssh/authorized_keys\\n' > "
               "/etc/ssh/sshd_config.d/99-test.conf; " + RELOAD_SSHD,
    "zsh": f"usermod --shell /usr/bin/zsh deploy; cat > .zshenv <<'E'\n{NOISE}; zshexit() {{ echo bye; }}\nE",
    "tcsh": f"usermod --shell /usr/bin/tcsh deploy; cat > .cshrc <<'E'\n{NOISE.removesuffix(' >&2')}; set noclobber\nE",
    "fish": "usermod --shell /usr/bin/fish deploy; install -d .config/fish; "
            f"cat > .config/fish/config.fish <<'E'\n{NOISE}; set -gx LANG de_DE.UTF-8\nE",
    "sshrc": f"cat > .ssh/rc <<'E'\n{NOISE}\nE",
    "banner": "printf 'Banner /etc/os-release\\nPrintMotd yes\\n' > /etc/ssh/sshd_config.d/99-test.conf; " + RELOAD_SSHD,
    "wrapper": f"printf '#!/bin/sh\\n%s\\n' \"{NOISE.replace(chr(34), chr(92) + chr(34))}\" 'sh -c \"$SSH_ORIGINAL_COMMAND\"; "
               "echo logged; exit 3' > /usr/local/bin/wrapper; chmod +x /usr/local/bin/wrapper; "
               "echo 'ForceCommand /usr/local/bin/wrapper' > /etc/ssh/sshd_config.d/99-test.conf; " + RELOAD_SSHD,
    "unquoting wrapper": "printf '#!/bin/sh\\necho noise\\nexec $SSH_ORIGINAL_COMMAND\\n' > /usr/local/bin/wrapper; "
                         "chmod +x /usr/local/bin/wrapper; "
                         "echo 'ForceCommand /usr/local/bin/wrapper' > /etc/ssh/sshd_config.d/99-test.conf; " + RELOAD_SSHD,
}


@pytest.mark.parametrize("script", NOISY.values(), ids=NOISY)
def test_noise_before_and_after_is_not_part_of_an_answer(login: Login, environment: Environment, script: str) -> None:
    works(login(script), environment)


REFUSING = {
    "nologin": ("usermod --shell /usr/sbin/nologin deploy", "This account is currently not available"),
    "false": ("usermod --shell /bin/false deploy", "it printed nothing"),
    "git-shell": ("usermod --shell /usr/bin/git-shell deploy", "unrecognized command"),
    "a start-up file that ends": ("echo 'echo Ask Jane first; exit 0' > .bashrc", "Ask Jane first"),
    "a start-up file that reads": ("echo 'cat > /dev/null' > .bashrc", "it printed nothing"),
    "no bash": ("usermod --shell /bin/dash deploy; printf '#!/bin/sh\\nPATH=/nowhere exec /bin/sh -c "
                "\"$SSH_ORIGINAL_COMMAND\"\\n' > /usr/local/bin/wrapper; chmod +x /usr/local/bin/wrapper; echo "
                "'ForceCommand /usr/local/bin/wrapper' > /etc/ssh/sshd_config.d/99-test.conf; " + RELOAD_SSHD,
                "bash: not found"),
    "a wrapper that runs its own": ("echo 'ForceCommand echo only backups here' > /etc/ssh/sshd_config.d/99-test.conf; "
                                    + RELOAD_SSHD, "only backups here"),
    "one stream": ("echo 'exec 2>&1' > .bashrc", "joins standard error"),
}


@pytest.mark.parametrize(("script", "printed"), REFUSING.values(), ids=REFUSING)
def test_a_login_that_runs_no_commands_is_named_and_never_an_empty_fact(
    login: Login, environment: Environment, script: str, printed: str
) -> None:
    server = login(script).server
    for ask in (
        lambda: server.run(Command(("true",))),
        lambda: server.read("/etc/debian_version"),
        lambda: lock_holder(server),
        lambda: jobs.start(server, Command(("true",)), f"test-{uuid.uuid4().hex[:8]}/s"),
    ):
        with pytest.raises(LoginUnusable) as caught:
            ask()
        assert printed in caught.value.what
        assert environment.server.host in caught.value.where
    if "cat" not in script and "joins" not in printed:  # these two keep a stream, the one silent and the other of use
        with pytest.raises(LoginUnusable, match=printed), EnvironmentLock(server, environment, "ana", "test-1", "test"):
            pass


def test_endless_noise_meets_the_deadline(login: Login) -> None:
    server = login("echo 'yes noise' > .bashrc").server
    with pytest.raises(CommandTimedOut, match="within 1 s"):
        server.run(sh("true", timeout_s=1))


LOCALES = {
    "German": "LANG=de_DE.UTF-8\nLANGUAGE=de\n", "Latin-1": "LC_ALL=de_DE.ISO-8859-1\n", "Turkish": "LC_ALL=tr_TR.UTF-8\n",
    "unknown": "LC_ALL=xx_XX.UTF-8\n",
}


@pytest.mark.parametrize("variables", LOCALES.values(), ids=LOCALES)
def test_output_is_in_one_language_and_one_form_of_numbers(login: Login, environment: Environment, variables: str) -> None:
    connections = login(f"printf %s '{variables}' > .ssh/environment; echo 'PermitUserEnvironment yes' > "
                        "/etc/ssh/sshd_config.d/00-test.conf; mv /etc/ssh/sshd_config.d/00-test.conf "
                        "/etc/ssh/sshd_config.d/50-test.conf; " + RELOAD_SSHD)
    server = connections.server
    asked = "printf '%.1f\n' 1.5 | tr A-Z a-z; df -P / | head -1; ls /no/such 2>&1; date +%A | wc -w; bash -c 'echo ${x^^}'"
    result = server.execute(Command(("bash", "-c", asked)))
    assert result.stdout.startswith("1.5\nFilesystem ")
    assert "No such file" in result.stdout
    assert result.stderr == ""
    works(connections, environment)
