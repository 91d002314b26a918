# shellcheck shell=bash
# `bash -s -- DIRECTORY [--env-file FILE]… NAME…`: each NAME with its variables filled in (`compose_names.sh`) from the first
# FILE that has them, DIRECTORY/.env if none is given, a line each; an empty line for one whose variable has no value, or that
# is not one line. 66: no such DIRECTORY.
set -uo pipefail
export LC_ALL=C

cd -- "$1" 2>/dev/null || exit 66
shift
if [[ ${1-} == --env-file ]]; then env_files=(); fi
while [[ ${1-} == --env-file ]]; do env_files+=("$2") && shift 2; done
for name; do
    made=$(filled "$name") && [[ $made != *$'\n'* ]] || made=''
    printf '%s\n' "$made"
done
