"""The bash text of a detached job: a supervisor that cannot lose the outcome, around one action.

The supervisor runs in a session of its own and starts the action in a process group of its own. It enforces the
deadline on the server, where a dropped link cannot switch it off, and writes `exit` in one rename.
"""

from __future__ import annotations

import posixpath

from runbook_lib.connections.quoting import quoted, shell_join
from runbook_lib.core import programs
from runbook_lib.core.commands import Command, Pipeline, WriteFile

BAD_START = 126  # the shell's own code for "found, but could not be run"
_SUPERVISOR = programs.text("connections/job_supervisor.sh")
_SUPERVISOR_END = programs.text("connections/job_supervisor_end.sh")


def job_program(action: Command | Pipeline | WriteFile, token: str) -> str:
    """The whole script of the job. Its arguments are the job's folder, the time limit in seconds, the directory."""
    if isinstance(action, Command):
        body = _stage(action)
    elif isinstance(action, Pipeline):
        body = _pipeline(action)
    else:
        body = _write_file(action, token)
    return f"{_SUPERVISOR}\naction() {{\nset +m\numask 022\n{body}\n}}\n{_SUPERVISOR_END}"


def _stage(command: Command) -> str:
    """One program in a subshell of its own; it does not inherit the lock."""
    # at home, as over SSH: and a user without a home is in the root folder there
    folder = f"cd -- {quoted(command.cwd)}" if command.cwd is not None else "cd 2>/dev/null || cd /"
    return f"( {folder} || exit {BAD_START}; exec {shell_join(command.argv)} 8>&- )"


def _pipeline(pipeline: Pipeline) -> str:
    stages = pipeline.commands
    if not stages:
        raise ValueError("a pipeline has no commands")
    if any(command.stdin is not None for command in stages[1:]):
        raise ValueError("only the first command of a pipeline can have a standard input of its own")
    lines, joined = [], " 6>&- | ".join(_stage(command) for command in stages)
    if pipeline.to is not None:
        target = quoted(pipeline.to)
        # readable by its owner alone from the first byte: a dump holds everything that the database holds
        lines += [f"umask 077; exec 6>{target} || exit {BAD_START}", f"chmod 600 -- {target}; umask 022"]
        joined += " >&6 6>&-"
    lines += [joined, 'codes=("${PIPESTATUS[@]}")', '(IFS=,; echo "${codes[*]}" > stages)', "result=0"]
    for number in range(len(stages)):
        lines += _stage_result(stages, number)
    if pipeline.to is not None:
        lines.append(f"exec 6>&-; sync -- {quoted(pipeline.to)} || [ $result -ne 0 ] || result=1")
    return "\n".join([*lines, "return $result"])


def _stage_result(stages: tuple[Command, ...], number: int) -> list[str]:
    """The lines that report one stage's exit code, and keep it when no earlier stage failed."""
    accepted = "|".join(str(code) for code in stages[number].accepts)
    report = quoted(f"stage {number + 1} of {len(stages)} ({stages[number].argv[0]}) ended with exit code")
    return [
        f"case ${{codes[{number}]}} in {accepted}) ;; *)",
        f'  echo {report} "${{codes[{number}]}}" >&2',
        # 141 is a program whose reader went away: the reader's own failure explains more
        f"  case $result in 0|141) result=${{codes[{number}]}};; esac;;",
        "esac",
    ]


def _write_file(action: WriteFile, token: str) -> str:
    folder, name = posixpath.split(action.path)
    temporary = quoted(posixpath.join(folder, f".{name}.{token}"))
    target, parent = quoted(action.path), quoted(folder or ".")
    return "\n".join(
        [
            "umask 077",
            # the rename must reach the disk too, or a power cut brings the old file back after "passed"
            f"cat > {temporary} 8>&- && chmod {action.mode:04o} {temporary} && sync -- {temporary} \\",
            f"  && mv -fT -- {temporary} {target} && sync -- {parent} && return 0",
            f"code=$?; rm -f -- {temporary}; return $code",
        ]
    )
