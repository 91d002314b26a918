# shellcheck shell=bash disable=SC2329
# Names of files with variables, as Compose files write them, filled in from the project's `.env` as Compose does, and from
# the other `env_files` where that has none. The values stay on the server: such files hold secrets. Whoever uses this stands
# in the project's folder.

readonly VARIABLE='^([^$]*)[$]([$]|[{]([A-Za-z_][A-Za-z0-9_]*)((:?[-?+])([^{}]*))?[}]|([A-Za-z_][A-Za-z0-9_]*))(.*)$'

env_files=(.env)

value_of() { # NAME
    local value='' file
    for file in "${env_files[@]}"; do
        value=$(sed -n "s/^[[:space:]]*\(export[[:space:]]\{1,\}\)\{0,1\}$1[[:space:]]*=[[:space:]]*//p" "$file" 2>/dev/null | tail -n 1)
        [[ -z $value ]] || break
    done
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
