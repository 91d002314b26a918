# shellcheck shell=bash disable=SC2034,SC2329,SC2015,SC2017,SC2154,SC2295
# Which files the configuration backup takes, and the search for secrets in them. Read by the survey and by the backup alike,
# so that a plan shows what a backup does. Callers set directory (the project's) and copy (a private folder).

set -uo pipefail
export LC_ALL=C GIT_CONFIG_NOSYSTEM=1 GIT_TERMINAL_PROMPT=0
umask 077

fail() { printf '%s\n' "$*" >&2; exit 1; }

largest_file=2000000
# Where the values of secrets are, below the project's folder. With `own` it belongs to the application, has
# other values too, and may be missing; a secret in it is what is called like one. Owners may have several of them.
secrets_file=${secrets_file:-.env.secrets} own=${own:-} secrets_files=("${secrets_files[@]}")
[[ -n ${secrets_files[*]} ]] || secrets_files=("$secrets_file")
names_a_secret() { [[ -z $own || ${1^^} =~ PASS|PWD|SECRET|TOKEN|KEY|CREDENTIAL ]]; }
# place_of FILE: one of them, below the project's folder or anywhere
place_of() { if [[ $1 == /* ]]; then printf %s "$1"; else printf %s "$directory/$1"; fi; }
# unreadable_secrets: the first of them that could not be read; nothing where all can
unreadable_secrets() {
    local file place
    for file in "${secrets_files[@]}"; do
        place=$(place_of "$file")
        [[ -r $place || -n $own && ! -e $place ]] || { printf %s "$place"; return; }
    done
}
secret_lines() {
    local file place
    for file in "${secrets_files[@]}"; do
        place=$(place_of "$file")
        # the last line of a file may have no end
        [[ ! -r $place ]] || { cat -- "$place" && echo; } || return
    done
}

# Files that hold keys and secrets by their nature never get into the copy, whatever is in them.
is_secret_name() {
    # ours or the application's own: it holds secrets
    local file
    for file in "${secrets_files[@]}" ${env_files[@]+"${env_files[@]}"}; do [[ ${1##*/} != "${file##*/}" ]] || return 0; done
    # where our variables lie elsewhere, the .env is the application's own also with two colours
    [[ ${1##*/} != .env || ${variables_file:-.env} == .env ]] || return 0
    case ${1##*/} in
        .env.secrets* | env.secrets* | *.key | *.pem | *.p12 | *.pfx | id_rsa* | id_ed25519* | id_ecdsa* | ssh_host_* | shadow* | *.kdbx) return 0 ;;
        *) return 1 ;;
    esac
}

# take SOURCE TARGET: one file into the copy; prints `excluded <TAB> reason <TAB> path` for what stays out.
take() {
    local from=$1 to=$copy/$2
    if [[ $from == *[[:cntrl:]]* ]]; then printf 'excluded\tunusable name\t%q\n' "$from"; return; fi
    if is_secret_name "$from"; then printf 'excluded\tsecret by name\t%s\n' "$from"; return; fi
    if [[ -L $from ]]; then
        mkdir -p -- "${to%/*}" && cp -P -- "$from" "$to" || fail "Cannot copy $from: is the disk full?"
        return
    fi
    if [[ ! -r $from ]]; then printf 'excluded\tnot readable\t%s\n' "$from"; return; fi
    if (($(stat -c %s -- "$from") > largest_file)); then printf 'excluded\ttoo large\t%s\n' "$from"; return; fi
    mkdir -p -- "${to%/*}" && cp --preserve=mode -- "$from" "$to" && chmod u+rw -- "$to" || fail "Cannot copy $from: is the disk full?"
    printf '%s\t%s\n' "$(stat -c '%a %U:%G' -- "$from")" "$2" >>"$copy/MODES"
}

# take_all ROOT PREFIX PATH…: files and links below each path.
take_all() {
    local root=$1 prefix=$2 path from; shift 2
    for path; do
        if [[ ! -e $root/$path && ! -L $root/$path ]]; then printf 'excluded\tmissing\t%s\n' "$root/$path"; continue; fi
        find "$root/$path" -name .git -prune -o -type d ! \( -readable -executable \) -printf 'excluded\tnot readable\t%p\n' -prune
        while IFS= read -r -d '' from; do take "$from" "$prefix/${from#"$root"/}"; done \
            < <(find "$root/$path" -name .git -prune -o \( -type f -o -type l \) -print0 2>/dev/null | sort -z)
    done
}

# collect PROJECT_PATH… -- SERVER_PATH…
collect() {
    local -a project=()
    while [[ $# -gt 0 && $1 != -- ]]; do project+=("$1"); shift; done; shift
    : >"$copy/MODES"
    take_all "$directory" project "${project[@]}"
    take_all '' server "${@#/}"
    mkdir -p -- "$copy/server"
    if ! crontab -l >"$copy/server/crontab" 2>"$copy.errors"; then
        rm -f -- "$copy/server/crontab"
        # cron says so where there is none; whatever else it says is a crontab that is in no backup
        grep -qi 'no crontab for' "$copy.errors" || ! command -v crontab >/dev/null || printf 'excluded\tnot readable\tcrontab of %s\n' "$(id -un)"
    fi
    # git keeps no empty folder: a clone would differ from this copy for ever
    find "$copy" -mindepth 1 -depth -type d -empty -delete
    # the names of the secrets, which a new server needs; never a value
    local line name value found
    [[ -z $(secret_lines | head -c 1) ]] \
        || while IFS= read -r line || [[ -n $line ]]; do
            assignment "$line" || continue
            secrets_in "$name" "$value"; [[ ${#found[@]} == 0 ]] || printf '%s\n' "$name"
        done < <(secret_lines) | sort -u >"$copy/SECRET_NAMES"
    sort -o "$copy/MODES" "$copy/MODES"
}

password_in_url='://[^/@:[:space:]]*:([^/@[:space:]]+)@'

# assignment LINE: sets name and value, without its quotes. Status 1 for a line that is none, 2 where it could not be read.
# Files of ours have one form; an application's own is read as Compose reads it: spaces, `export`, a comment after the value,
# lines of Windows.
assignment() {
    local line=$1
    if [[ -z $own ]]; then
        [[ $line =~ ^([A-Za-z_][A-Za-z0-9_]*)=(.*)$ ]] || return
        name=${BASH_REMATCH[1]} value=${BASH_REMATCH[2]}
    else
        [[ ${line%$'\r'} =~ ^[[:space:]]*(export[[:space:]]+)?([A-Za-z_][A-Za-z0-9_]*)[[:space:]]*[=:][[:space:]]*(.*)$ ]] || return
        name=${BASH_REMATCH[2]} value=${BASH_REMATCH[3]}
        if [[ $value =~ ^(\'[^\']*\'|\"([^\"\\]|\\.)*\") ]]; then value=${BASH_REMATCH[1]}
        else value=${value%%[[:space:]]#*}; value=${value%"${value##*[![:space:]]}"}; fi
    fi
    # inside double quotes a backslash stands before a backslash, a quote or a dollar sign of the value
    # shellcheck disable=SC2001
    if [[ $value =~ ^\'(.*)\'$ ]]; then value=${BASH_REMATCH[1]}
    elif [[ $value =~ ^\"(.*)\"$ ]]; then value=$(sed 's/\\\([\\"$]\)/\1/g' <<<"${BASH_REMATCH[1]}") || return 2; fi
}

# secrets_in NAME VALUE: sets found, what of a value is secret. The address of a database has its password in it, whatever it
# is called; and a value that refers to another variable is in every Compose file.
secrets_in() {
    found=()
    ! names_a_secret "$1" || found+=("$2")
    [[ -z $own || ! $2 =~ $password_in_url ]] || found+=("${BASH_REMATCH[1]}")
    local one kept=()
    for one in "${found[@]}"; do
        [[ -n $own && $one =~ ^\$(\{[A-Za-z_][A-Za-z0-9_]*\}|[A-Za-z_][A-Za-z0-9_]*)$ ]] || kept+=("$one")
    done
    found=("${kept[@]}")
}

# The forms in which a value may occur: as it is, for URLs, in hex, and in base64 at each of its three alignments.
# Fails where one cannot be computed: a search without it would not find the secret.
encodings() {
    local value=$1 offset encoded whole character url=''
    printf '%s\n' "$value"
    while IFS= read -r -n1 -d '' character; do
        case $character in [A-Za-z0-9._~-]) url+=$character ;; *) url+=$(printf '%%%02X' "'$character") ;; esac
    done < <(printf %s "$value")
    printf '%s\n' "$url"
    printf %s "$value" | od -An -v -tx1 | tr -d ' \n' && echo || return
    for offset in 0 1 2; do
        encoded=$({ head -c "$offset" /dev/zero; printf %s "$value"; } | base64 -w0 | tr -d =) || return
        whole=$(((offset + ${#value}) / 3 * 4))
        encoded=${encoded:0:whole}; encoded=${encoded:$((offset == 0 ? 0 : offset + 1))}
        ((${#encoded} < 8)) || printf '%s\n' "$encoded" || return
    done
}

# Prints `leak <TAB> name of the secret <TAB> file`; status 2 when not every file could be searched, which is not "nothing found".
# The values stay in bash and in a pipe: never an argument of a program.
search_secrets() {
    local line name value hit patterns names found
    [[ -z $(unreadable_secrets) ]] || return 2
    names=$(find "$copy" -mindepth 1 -printf '%P\n') || return 2
    while IFS= read -r line || [[ -n $line ]]; do
        assignment "$line"
        case $? in 0) ;; 1) continue ;; *) return 2 ;; esac
        secrets_in "$name" "$value"
        patterns=''
        for value in "${found[@]}"; do
            ((${#value} >= 8)) || continue
            patterns+=$(encodings "$value")$'\n' || return 2
        done
        # an empty pattern would be in every file
        patterns=${patterns%$'\n'}; [[ -n $patterns ]] || continue
        grep -rlaZF -f <(printf '%s\n' "$patterns") -- "$copy" >"$place/hits"; (($? <= 1)) || return 2  # 1: nothing found
        while IFS= read -r -d '' hit; do printf 'leak\t%s\t%s\n' "$name" "${hit#"$copy"/}"; done <"$place/hits"
        grep -qF -f <(printf '%s\n' "$patterns") <<<"$names"
        case $? in 0) printf 'leak\t%s\ta file name\n' "$name" ;; 1) ;; *) return 2 ;; esac
    done < <(secret_lines)
    grep -rlaZE -e '-----BEGIN [A-Z ]*PRIVATE KEY' -- "$copy" >"$place/hits"; (($? <= 1)) || return 2
    while IFS= read -r -d '' hit; do printf 'leak\ta private key\t%s\n' "${hit#"$copy"/}"; done <"$place/hits"
}

# git in a repository, without the server's or the user's own settings.
in_repository() { HOME=/nonexistent git -c core.attributesFile=/dev/null -c core.excludesFile=/dev/null -c gc.auto=0 --git-dir="$1" "${@:2}"; }

# tip_of REPOSITORY REVISION: its id; nothing where the repository or its branch is not there yet. Fails where git cannot say.
tip_of() {
    [[ -d $1/objects ]] || return 0
    in_repository "$1" rev-parse -q --verify "$2" || (($? == 1))
}

# tree_of REPOSITORY: the copy as a git tree in that repository; prints its id. Every byte as it is, no file ignored.
tree_of() {
    local index=$copy.index
    mkdir -p -- "$1/info" && echo '* -text -filter -ident -working-tree-encoding' >"$1/info/attributes" || return 1
    rm -f -- "$index"
    GIT_INDEX_FILE=$index in_repository "$1" --work-tree="$copy" add --all --force . \
        && GIT_INDEX_FILE=$index in_repository "$1" write-tree
    local code=$?; rm -f -- "$index"; return "$code"
}
