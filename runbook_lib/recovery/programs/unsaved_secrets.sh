# shellcheck shell=bash
# Which files are there, and in no clone as they are: `bash -s -- DIRECTORY PATH…`; a line each. Nothing of them is read
# here, nor printed: they hold secrets. What git has unchanged comes back with the repository. 66: no such DIRECTORY.
# Variables in a PATH are filled in (`compose_names.sh`); one that has no value there is printed as it is written: the file is
# one of whoever types the command.
set -uo pipefail
export LC_ALL=C GIT_CONFIG_NOSYSTEM=1 GIT_TERMINAL_PROMPT=0

cd -- "$1" 2>/dev/null || exit 66
shift
for path; do
    if [[ $path == *'$'* ]]; then
        named=$(filled "$path") || { printf '%s\n' "$path"; continue; }
        path=$named
    fi
    [[ -e $path ]] || continue
    if git ls-files --error-unmatch -- "$path" >/dev/null 2>&1 && git diff --quiet HEAD -- "$path" 2>/dev/null; then continue; fi
    printf '%s\n' "$path"
done
