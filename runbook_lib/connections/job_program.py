"""The bash text of a detached job: a supervisor that cannot lose the truth, around one action.

The supervisor runs in a session of its own and starts the action in a process group of its own. It enforces the
deadline on the server, where a dropped link cannot switch it off, and writes `exit` in one rename.
"""

from __future__ import annotations

import posixpath

from runbook_lib.connections.quoting import quoted, shell_join
from runbook_lib.core.commands import Command, Pipeline, WriteFile

BAD_START = 126  # the shell's own code for "found, but could not be run"

_SUPERVISOR_HEAD = r"""#!/bin/bash
# One detached job of a runbook. Beside this file: out, err, pid (and start time), exit.
set -m -u
umask 077
folder=$1 limit_s=$2 directory=$3
cd -- "$folder" || exit 1
exec 7<stdin && rm -f -- stdin
# Room for the verdict is taken before the work, so that a disk filled by the work cannot swallow it.
printf '%600s\n' '' > exit.partial || exit 1
exec 5<>exit.partial

start_time() {
    local line
    read -r line < "/proc/$1/stat" && line=${line##*) } && set -- $line && echo "${20}"
} 2>/dev/null

why='' child='' stages='' interrupted=''
started=$(date -u +%Y-%m-%dT%H:%M:%S.%3NZ)
mine=$(start_time $$)

finish() {
    [ -r stages ] && read -r stages < stages
    printf '{"exit_code": %s, "why": "%s", "started": "%s", "ended": "%s", "stages": [%s]}' \
        "$1" "$why" "$started" "$(date -u +%Y-%m-%dT%H:%M:%S.%3NZ)" "$stages" >&5
    exec 5>&-
    mv -fT -- exit.partial exit
    exit 0
}

end() {
    interrupted=yes
    [ -n "$why" ] && return
    why=$1
    [ -n "$child" ] || finish 143
    kill -TERM -- "-$child" 2>/dev/null
    for _ in {1..50}; do kill -0 -- "-$child" 2>/dev/null || return; sleep 0.1; done
    kill -KILL -- "-$child" 2>/dev/null
}
trap 'end "stopped from outside"' TERM
trap 'end "timed out"' USR1

: > out; : > err
printf '%s %s\n' "$$" "$mine" > pid.partial && mv -fT -- pid.partial pid
exec 8>>"$directory/.runbook/jobs.lock" || finish 126
flock -s -w 10 8 || { echo "another operation holds the environment" > err; finish 75; }
"""

_SUPERVISOR_TAIL = r"""
action 5>&- <&7 >>out 2>>err &
child=$!
exec 7<&-
# A process number may be given to somebody else: the start time says whether it is still ours.
( sleep "$limit_s"; [ "$(start_time $$)" = "$mine" ] && kill -USR1 $$ ) 5>&- 8>&- >/dev/null 2>&1 &
watch=$!

while :; do
    interrupted=''
    wait "$child"; code=$?
    [ -n "$interrupted" ] || break
done
kill -KILL -- "-$watch" 2>/dev/null
finish "$code"
"""


def job_program(action: Command | Pipeline | WriteFile, token: str) -> str:
    """The whole script of the job. Its arguments are the job's folder, the time limit in seconds, the directory."""
    if isinstance(action, Command):
        body = _stage(action)
    elif isinstance(action, Pipeline):
        body = _pipeline(action)
    else:
        body = _write_file(action, token)
    return f"{_SUPERVISOR_HEAD}\naction() {{\nset +m\numask 022\n{body}\n}}\n{_SUPERVISOR_TAIL}"


def _stage(command: Command) -> str:
    """One program in a subshell of its own; it does not inherit the lock."""
    place = (
        f"cd -- {quoted(command.cwd)} || exit {BAD_START}; " if command.cwd is not None else f"cd || exit {BAD_START}; "
    )
    return f"( {place}exec {shell_join(command.argv)} 8>&- )"


def _pipeline(pipeline: Pipeline) -> str:
    stages = pipeline.commands
    if not stages:
        raise ValueError("a pipeline has no commands")
    if any(command.stdin is not None for command in stages[1:]):
        raise ValueError("only the first command of a pipeline can have a standard input of its own")
    lines = []
    joined = " 6>&- | ".join(_stage(command) for command in stages)
    if pipeline.to is not None:
        target = quoted(pipeline.to)
        lines += [f"umask 077; exec 6>{target} || exit {BAD_START}", f"chmod 600 -- {target}; umask 022"]
        lines.append(f"{joined} >&6 6>&-")
    else:
        lines.append(joined)
    lines += ['codes=("${PIPESTATUS[@]}")', '(IFS=,; echo "${codes[*]}" > stages)', "result=0"]
    for number, command in enumerate(stages):
        accepted = "|".join(str(code) for code in command.accepts)
        told = quoted(f"stage {number + 1} of {len(stages)} ({command.argv[0]}) ended with exit code")
        lines += [
            f"case ${{codes[{number}]}} in {accepted}) ;; *)",
            f'  echo {told} "${{codes[{number}]}}" >&2',
            # 141 is a program whose reader went away: the reader's own failure says more
            f"  case $result in 0|141) result=${{codes[{number}]}};; esac;;",
            "esac",
        ]
    if pipeline.to is not None:
        lines.append(f"exec 6>&-; sync -- {quoted(pipeline.to)} || [ $result -ne 0 ] || result=1")
    return "\n".join([*lines, "return $result"])


def _write_file(action: WriteFile, token: str) -> str:
    folder, name = posixpath.split(action.path)
    temporary = quoted(posixpath.join(folder, f".{name}.{token}"))
    target, place = quoted(action.path), quoted(folder or ".")
    return "\n".join(
        [
            "umask 077",
            f"cat > {temporary} 8>&- && chmod {action.mode:04o} {temporary} && sync -- {temporary} \\",
            f"  && mv -fT -- {temporary} {target} && sync -- {place} && return 0",
            f"code=$?; rm -f -- {temporary}; return $code",
        ]
    )


START = r"""
set -u; umask 077
folder=$1 token=$2 script_size=$3 stdin_size=$4 limit_s=$5 directory=$6
upload=$folder.$token
(umask 022; mkdir -p -- "$directory/.runbook") && mkdir -p -- "${folder%/*}" && mkdir -- "$upload" || exit 1
trap 'rm -rf -- "$upload"' EXIT
head -c "$script_size" > "$upload/script" && head -c "$stdin_size" > "$upload/stdin" || exit 1
[ "$(stat -c %s "$upload/script")" = "$script_size" ] && [ "$(stat -c %s "$upload/stdin")" = "$stdin_size" ] \
    || { echo "the upload was cut short" >&2; exit 1; }
[ ! -e "$folder" ] && mv -T -- "$upload" "$folder" || { echo "the job's folder is taken: $folder" >&2; exit 73; }
setsid bash "$folder/script" "$folder" "$limit_s" "$directory" </dev/null >/dev/null 2>&1 &
echo started
"""

# Takes an upload away from a starter that may still be alive behind a dead link; says what it found.
CLAIM = r"""
folder=$1 token=$2
if mv -T -- "$folder.$token" "$folder.$token.withdrawn" 2>/dev/null; then rm -rf -- "$folder.$token.withdrawn"; fi
if [ -e "$folder" ]; then echo started; else echo absent; fi
"""

FOLLOW = r"""
folder=$1 out=$2 err=$3 most=131072 pause=0.01 patience=500
cd -- "$folder" 2>/dev/null || { echo "gone"; exit 0; }
alive() {
    local line
    read -r pid born < pid 2>/dev/null || { [ $((patience -= 1)) -gt 0 ]; return; }
    read -r line < "/proc/$pid/stat" || return 1
    line=${line##*) }; set -- $line
    [ "$1" != Z ] && [ "${20}" = "$born" ]
} 2>/dev/null
emit() {
    local size
    size=$(stat -c %s -- "$1" 2>/dev/null) || return 0
    [ "$size" -gt "$2" ] || return 0
    local from=$2
    [ $((size - from)) -le $most ] || from=$((size - most))
    echo "$1 $from $((size - from))"
    tail -c "+$((from + 1))" -- "$1" | head -c $((size - from))
    eval "$1=$size"
}
while :; do
    ended=''; [ -e exit ] && ended=yes
    lives=yes; alive || lives=''
    emit out "$out"; emit err "$err"
    if [ -n "$ended" ]; then echo "exit $(cat exit)"; exit 0; fi
    if [ -z "$lives" ] && [ ! -e exit ]; then echo "dead"; exit 0; fi
    # Reading doubles as sleeping: end-of-file means that the asker is gone.
    read -r -t "$pause" _; [ $? -gt 128 ] || exit 0
    case $pause in 0.01) pause=0.02;; 0.02) pause=0.05;; 0.05) pause=0.1;; 0.1) pause=0.2;; *) pause=0.3;; esac
done
"""

STOP = r"""
cd -- "$1" 2>/dev/null || exit 0
[ -e exit ] && exit 0
for _ in {1..20}; do [ -e pid ] && break; sleep 0.1; done
read -r pid born < pid || exit 0
if read -r line < "/proc/$pid/stat"; then
    line=${line##*) }; set -- $line
    [ "${20}" = "$born" ] || exit 0
    [ "$1" = Z ] || { kill -TERM "$pid"; exit 0; }
fi 2>/dev/null
# The supervisor was killed; what it had started still bears its session's number.
pkill -KILL -s "$pid"
exit 0
"""
