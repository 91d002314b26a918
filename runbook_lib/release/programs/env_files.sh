# shellcheck shell=bash
# Files of variables that a release names (`env_file`) and that lie on the server alone, because they hold secrets. Compose
# refuses a release laid out elsewhere without them, and runs it in the checkout, where they are.

# what owners give with --env-file; whoever names none has none
env_files=("${env_files[@]}")

# give_env_file FROM TO HOW, Compose's error on standard input: makes the file of variables that it misses below FROM, where
# the server has it below TO: a `link` to it, or a `blank` one. Fails where it misses something else, or the server lacks it too.
give_env_file() {
    local named server
    # the second form is that of versions before 2.24
    named=$(sed -nE 's/^(.*: )?env file (.*) not found: .*/\2/p; s/^(.*: )?[Ff]ailed to load (.*): open .*: no such file or directory$/\2/p' | tail -n 1)
    server=$2${named#"$1"}
    [[ $named == "$1"/* && ! -e $named && -f $server ]] || return
    # one that belongs to the live release goes with it
    if git -C "${server%/*}" ls-files --error-unmatch -- "${server##*/}" >/dev/null 2>&1; then return 1; fi
    mkdir -p -- "${named%/*}" && if [[ $3 == link ]]; then ln -s -- "$server" "$named"; else : >"$named"; fi
}

# own_env CHECKOUT FOLDER COMMIT [FILE…]: the paths of the application's own files of variables as the commit will have them, laid
# out in FOLDER, a line each. What the server has is what Compose will read, unless the commit brings another one. Without a
# FILE it is `.env`, and nothing where there is none; a FILE that is not there is Compose's own error.
own_env() {
    local checkout=$1 folder=$2 commit=$3 path given; shift 3
    given=$#; (($#)) || set -- .env
    for path; do
        if [[ $path == /* ]]; then
            printf '%s\n' "$path"
        elif [[ -f $folder/$path ]] && ! git -C "$checkout" diff --quiet HEAD "$commit" -- "$path" 2>/dev/null; then
            printf '%s\n' "$folder/$path"
        elif ((given)) || [[ -e $checkout/$path ]]; then
            printf '%s\n' "$checkout/$path"
        fi
    done
}

# own_compose CHECKOUT FOLDER FILE…: Compose files that no release has and that lie on the server alone, as an override that git
# ignores. A copy: what such a file names is looked for next to it.
own_compose() {
    local checkout=$1 folder=$2 path; shift 2
    for path; do
        [[ ! -e $folder/$path && -f $checkout/$path ]] || continue
        # one that belongs to the live release goes with it
        if git -C "$checkout" ls-files --error-unmatch -- "$path" >/dev/null 2>&1; then continue; fi
        mkdir -p -- "$(dirname -- "$folder/$path")" && cp -L -- "$checkout/$path" "$folder/$path" || return
    done
}
