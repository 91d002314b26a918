# shellcheck shell=bash
# Which files are there, and in no clone as they are: `bash -s -- DIRECTORY PATH…`; a line each. Nothing of them is read
# here, nor printed: they hold secrets. What git has unchanged comes back with the repository. 66: no such DIRECTORY.
# Variables in a PATH are filled in from DIRECTORY/.env, as Compose does; one that has no value there is printed as it is
# written: the file is one of whoever types the command.
set -uo pipefail
export LC_ALL=C GIT_CONFIG_NOSYSTEM=1 GIT_TERMINAL_PROMPT=0

readonly VARIABLE='^([^$]*)[$]([$]|[{]([A-Za-z_][A-Za-z0-9_]*)((:?[-?+])([^{}]*))?[}]|([A-Za-z_][A-Za-z0-9_]*))(.*)$'

value_of() { # NAME
    local value
    value=$(sed -n "s/^[[:space:]]*\(export[[:space:]]\{1,\}\)\{0,1\}$1[[:space:]]*=[[:space:]]*//p" .env 2>/dev/null | tail -n 1)
    case $value in
    \"*\"*) value=${value#\"} && value=${value%%\"*} ;;
    \'*\'*) value=${value#\'} && value=${value%%\'*} ;;
    *) value=${value%%[[:space:]]#*} && value=${value%"${value##*[![:space:]]}"} ;;
    esac
    printf %s "$value"
}

filled() { # PATH; fails where a variable has no value
    local rest=$1 made='' value word operator
    while [[ $rest =~ $VARIABLE ]]; do
        made+=${BASH_REMATCH[1]} operator=${BASH_REMATCH[5]} word=${BASH_REMATCH[6]} rest=${BASH_REMATCH[8]}
        if [[ ${BASH_REMATCH[2]} == '$' ]]; then made+='$' && continue; fi
        value=$(value_of "${BASH_REMATCH[3]}${BASH_REMATCH[7]}")
        case $operator in
        *-) made+=${value:-$word} ;;
        *+) made+=${value:+$word} ;;
        *) [[ -n $value ]] || return 1; made+=$value ;;
        esac
    done
    made+=$rest
    # below the folder of an included file a whole path is whole all the same
    [[ $made != *//* ]] || made=/${made##*//}
    printf %s "$made"
}

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
