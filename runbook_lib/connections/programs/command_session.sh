# shellcheck shell=bash
# Read by `bash --norc -p -s` from its standard input, so that no login shell parses it. The line that follows calls
# `session` (one command to its end), `converse` (one that is asked line by line) or `stream` (a program that keeps the
# connection); the rest of the input is theirs.

# What a profile exports for every bash below: functions, which would stand for programs and builtins of ours (`cat`, `printf`), options
# of the shell, a limit on `read`, and what Compose takes for its words. This bash ignores most of them and hands them on; some names are no
# identifiers, which `unset` refuses. The next bash goes on reading here: input of a connection is read character by character.
drop=()
while IFS= read -r -d '' one; do
    case $one in BASH_FUNC_* | SHELLOPTS=* | BASHOPTS=* | BASH_COMPAT=* | EXECIGNORE=* | TMOUT=* | COMPOSE_*) drop+=(-u "${one%%=*}") ;; esac
done <"/proc/$$/environ"
[ "${#drop[@]}" = 0 ] || exec env "${drop[@]}" bash --norc -p -s
unset drop one

# What an operator's profile may have set must not change what a program prints, or where it works.
unset BASH_ENV ENV CDPATH GLOBIGNORE LANGUAGE POSIXLY_CORRECT COLUMNS GREP_OPTIONS GREP_COLORS GZIP TAR_OPTIONS \
    BLOCK_SIZE BLOCKSIZE DF_BLOCK_SIZE DU_BLOCK_SIZE LS_BLOCK_SIZE TIME_STYLE QUOTING_STYLE PS_FORMAT PS_PERSONALITY \
    GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE GIT_OBJECT_DIRECTORY GIT_ALTERNATE_OBJECT_DIRECTORIES GIT_NAMESPACE GIT_EXTERNAL_DIFF GIT_TRACE \
    PERL5OPT PERL5LIB PERL_UNICODE
# bash reads an operator's start-up file in the first program below sshd, also in one that it is replaced by: with `set -e` in
# it a program of ours would end half-way.
export SHLVL=9
# Output is parsed: one language and one form of numbers, whatever the server's locale.
export LC_ALL=C

# The marks show where our own output begins and ends: what a login shell or a wrapper prints around it is left out.
begin() { printf '%s errors begin\n' "$1" >&2; printf '%s begin\n' "$1"; }
end() { printf '%s end %s\n' "$1" "$2" >&2; printf '%s end %s\n' "$1" "$2"; }
# status 126 for a missing folder, so that it is not taken for a result of the command
in_folder() { if [ -z "$1" ]; then shift; ("$@"); else (cd -- "$1" || exit 126; shift; "$@"); fi; }
session() {
    local mark=$1 input=$2 code; shift 2
    begin "$mark"
    in_folder "$@"
    code=$?
    # A session that ends while its input is still on the way costs the whole connection: sshd closes it when data or an
    # end of input arrive for a session that is gone. What the command left unread is read away first.
    [ -z "$input" ] || ! IFS= read -r -N 1 _ || cat >/dev/null
    end "$mark" "$code"
    exit "$code"
}
# Who asks sees the end at once, and what may still be on the way is read away after it.
converse() {
    local mark=$1 code; shift
    begin "$mark"
    in_folder "$@"
    code=$?
    end "$mark" "$code"
    cat >/dev/null
    exit "$code"
}
stream() { begin "$1"; shift; exec "$@"; }
