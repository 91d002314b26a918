# shellcheck shell=bash
# `bash -s -- DIRECTORY NAME…`: each NAME with its variables filled in (`compose_names.sh`), a line each; an empty line for one
# whose variable has no value in DIRECTORY/.env, or that is not one line. 66: no such DIRECTORY.
set -uo pipefail
export LC_ALL=C

cd -- "$1" 2>/dev/null || exit 66
shift
for name; do
    made=$(filled "$name") && [[ $made != *$'\n'* ]] || made=''
    printf '%s\n' "$made"
done
