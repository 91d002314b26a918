# shellcheck shell=bash disable=SC2154,SC2015,SC2016,SC2329,SC2034,SC2145
# The backup of configuration, files and logs, step by step, on the server: `bash -s -- STEP DIRECTORY PROJECT …`.
# Follows compression.sh, configuration_files.sh and folder_owner.sh. Nothing is committed that was not searched for secrets, byte for byte.

private_folder() {
    place=$(mktemp -d) || fail 'Cannot make a private folder: is the disk full?'
    trap 'rm -rf -- "$place"' EXIT
    copy=$place/copy; mkdir -- "$copy" || fail 'Cannot make a private folder: is the disk full?'
}

# commit REPOSITORY PROJECT_PATH… -- SERVER_PATH…
commit() {
    local repository=$1 leaks tree before parent made; shift
    private_folder
    collect "$@" || exit
    leaks=$(unreadable_secrets)
    [[ -z $leaks ]] || fail "Nothing was committed: $leaks cannot be read, so the files cannot be searched for secrets."
    leaks=$(search_secrets) || fail "Nothing was committed: the search of the files for secrets was interrupted. Is the server's memory full? Run again."
    # the values are not shown: the name of the secret and the file are enough
    [[ -z $leaks ]] || fail "Nothing was committed: $(awk -F '\t' '{ printf "%s%s is in %s", sep, $2, $3; sep = "; " }' <<<"$leaks"). Remove it from the file, and rotate the secret."
    [[ -d $repository/objects ]] || git init -q --bare --initial-branch=main -- "$repository" \
        || fail "The repository $repository cannot be created: does ${repository%/*} belong to $(id -un)?"
    take_folder "$repository" "$project" || exit 1
    exec 9>>"$repository/backup.lock" && flock -w 60 9 || fail "Another backup is writing to $repository."
    tree=$(tree_of "$repository") || fail "The files could not be written to $repository: is the disk full?"
    parent=$(tip_of "$repository" refs/heads/main) && before=$(tip_of "$repository" 'refs/heads/main^{tree}') \
        || fail "The repository $repository cannot be read: check the disk."
    if [[ $tree == "$before" ]]; then printf 'unchanged %s\n' "$parent"; return; fi
    made=$(GIT_AUTHOR_NAME=runbooks GIT_AUTHOR_EMAIL=runbooks@localhost GIT_COMMITTER_NAME=runbooks GIT_COMMITTER_EMAIL=runbooks@localhost \
        in_repository "$repository" commit-tree "$tree" ${parent:+-p "$parent"} -m "Configuration of $(hostname) at $(date -u +%Y-%m-%dT%H:%M:%SZ)") \
        && in_repository "$repository" update-ref refs/heads/main "$made" "$parent" || fail "The commit could not be written."
    in_repository "$repository" fsck --strict --no-dangling "$made" >&2 || fail "The repository $repository is damaged."
    sync -f -- "$repository"
    printf 'committed %s\n' "$made"
}

# uncommit REPOSITORY BEFORE: back to the commit that the plan was made on (`none`: no commit), and only by one commit.
uncommit() {
    local repository=$1 before=$2 now
    require_own "$repository" "$project" || exit 1
    now=$(tip_of "$repository" refs/heads/main) || fail "The repository $repository cannot be read: check the disk."
    [[ -n $now && $now != "$before" ]] || { echo 'nothing to undo'; return; }
    if [[ $before == none ]]; then in_repository "$repository" update-ref -d refs/heads/main "$now" || fail 'The commit could not be removed.'; return; fi
    [[ $(in_repository "$repository" rev-parse "$now^") == "$before" ]] || fail "$repository has moved on since; the commits stay."
    in_repository "$repository" update-ref refs/heads/main "$before" "$now" || fail 'The commit could not be removed.'
}

# push REPOSITORY REMOTE: forwards only; a remote that has other commits is not overwritten.
push() {
    in_repository_of_user "$1" push --porcelain -- "$2" refs/heads/main:refs/heads/main \
        || fail "The commit is in $1, but could not be pushed to the remote. Check that it can be reached, and whether others push there."
}

in_repository_of_user() { GIT_SSH_COMMAND='ssh -o BatchMode=yes -o StrictHostKeyChecking=yes' git --git-dir="$1" "${@:2}"; }

# archive NAME FOLDER KEEP PATH STREAM…: a folder as tar.gz with the sha256 of every file; the same contents once.
# STREAM prints a tar of what is in the folder (docker compose … cp frontend-COLOUR:PATH/. -); empty: it is on this server.
# The engine reads a container's files: its image need not have a shell, a tar or a sha256sum.
archive() {
    local name=$1 folder=$2 keep=$3 path=$4 sums id file extra; shift 4
    local -a stream=("${@/COLOUR/$(live_colour)}")
    ((${#stream[@]})) || stream=(tar -C "$path" --sort=name -cf - .)
    mkdir -p -- "$folder" || fail "Cannot make $folder."
    take_folder "$folder" "$project" || exit 1
    private_folder
    mkdir -- "$place/first" "$place/read" || fail 'Cannot make a private folder: is the disk full?'
    "${stream[@]}" </dev/null | unpack "$place/first" || fail "$path cannot be read${1:+ in its container}, or copied: the lines above have the reason."
    sums=$(cd -- "$place/first" && find . -type f -exec sha256sum -b -- {} + | LC_ALL=C sort -k2) || fail "The copy of $path cannot be read."
    rm -rf -- "$place/first"
    # a wrong folder is empty too, and a weekly backup of nothing would pass for years
    [[ -n $sums ]] || fail "$path holds no file. Is it the folder? Where nothing was uploaded yet, give configuration_backup.no_uploads_reason in place of it until something is."
    id=$(sha256sum <<<"$sums" | cut -c1-16)
    # with its time: the name of another folder may begin as this one's does
    local own="${name}_[0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9]_[0-9][0-9][0-9][0-9][0-9][0-9]"
    file=$(find -H "$folder" -maxdepth 1 -name "${own}_$id.tar.gz" | LC_ALL=C sort | tail -n 1)
    if [[ -n $file ]] && (cd -- "$folder" && sha256sum --quiet -c -- "${file##*/}.sha256" >&2); then
        printf 'unchanged %s\n' "$file"
    else
        file=$folder/${name}_$(date -u +%Y%m%d_%H%M%S)_$id.tar.gz
        "${stream[@]}" </dev/null | gzip -n >"$place/tar.gz"
        local status=("${PIPESTATUS[@]}")
        ((status[1] == 0)) || fail "gzip ended with status ${status[1]}: is the disk full?"
        ((status[0] == 0)) || fail "$path could not be read a second time: status ${status[0]}."
        gunzip -c -- "$place/tar.gz" | unpack "$place/read" || fail 'The archive cannot be read to its end.'
        (cd -- "$place/read" && sha256sum --quiet -c <<<"$sums" >&2) || fail "The files in $path changed while they were read: run again."
        printf '%s\n' "$sums" >"$folder/${file##*/}.files.partial" && cp -- "$place/tar.gz" "$file.partial" \
            && sync -- "$file.partial" "$file.files.partial" || fail "Cannot write to $folder: is the disk full?"
        printf '%s  %s\n' "$(sha256sum <"$file.partial" | cut -d' ' -f1)" "${file##*/}" >"$file.sha256" \
            && mv -f -- "$file.files.partial" "$file.files" && mv -f -- "$file.partial" "$file" && sync -- "$folder" || fail "Cannot write to $folder."
        printf 'published %s\n' "$file"
    fi
    # by number, not by age: a wrong clock must not empty the folder
    find -H "$folder" -maxdepth 1 -name "${own}_*.tar.gz" ! -name "*_$id.tar.gz" -printf '%f\n' | LC_ALL=C sort -r | tail -n "+$keep" \
        | while IFS= read -r extra; do rm -f -- "$folder/$extra" "$folder/$extra.sha256" "$folder/$extra.files" && printf 'deleted %s\n' "$extra"; done
}

# unpack FOLDER: a tar from standard input, as files that this user can read and remove, whoever owned them
unpack() { tar -C "$1" --no-same-owner -xf - && chmod -R u+rwX -- "$1"; }

live_colour() { grep -oP '^COMPOSE_PROFILES=\K.*' -- "$directory/${variables_file:-.env}" | tr ',' '\n' | grep -xE 'blue|green' | head -n 1; }

# in_front NAME: of a rotated log with its number or date in front of .log (logrotate's `extension`), what its log is called
in_front() {
    local stem=${1%%[-.][0-9]*.log*}
    [[ $1 == *[-.][0-9]*.log* && $1 != *.log-* && ! $1 =~ \.log\.[0-9] ]] && printf %s "$stem"
}

# logs TARGET KEEP_DAYS FOLDER…: rotated logs, compressed, named by the day of their last line; `KEEP_DAYS` 0 deletes nothing.
logs() {
    local target=$1 days=$2 folder file log count=0 tool; shift 2
    mkdir -p -- "$target" || fail "Cannot make $target."
    take_folder "$target" "$project" || exit 1
    for folder; do
        [[ ! -d $folder || -r $folder && -x $folder ]] || printf 'excluded\tnot readable\t%s\n' "$folder"
        mkdir -p -- "$target/${folder##*/}" || fail "Cannot make $target/${folder##*/}."
        while IFS= read -r -d '' file; do
            # a log that is written now may have a number in its name, too: the rotated one has the name of another file
            if log=$(in_front "${file##*/}") && [[ ! -e $folder/$log.log ]]; then continue; fi
            if [[ ! -r $file ]]; then printf 'excluded\tnot readable\t%s\n' "$file"; continue; fi
            tool=$(tool_for "$file")
            if ! command -v "$tool" >/dev/null; then printf 'excluded\tnot readable\t%s (%s is not installed)\n' "$file" "$tool"; continue; fi
            archive_log "$file" "$target/${folder##*/}" || continue
            count=$((count + 1))
        done < <(find -H "$folder" -maxdepth 1 -type f \( -name '*.log-*' -o -name '*.log.[0-9]*' -o -name '*[-.][0-9]*.log' -o -name '*[-.][0-9]*.log.*' \) -print0 2>/dev/null)
    done
    printf 'archived %s rotated logs\n' "$count"
    ((days == 0)) || expire_logs "$target" "$days"
}

plain_log() { local tool; tool=$(tool_for "$1"); if [[ $tool == cat ]]; then cat -- "$1"; else "$tool" -dc <"$1"; fi; }

# archive_log FILE FOLDER: status 1 where it is there already. A log that is rotated more than once a day has several files of
# one day: from the second on they have the time of their last line in their names as well.
archive_log() {
    local file=$1 made name day log
    name=${file##*/}
    [[ ! $name =~ ^(.*)\.(gz|xz|bz2|zst|lz4|Z)$ ]] || name=${BASH_REMATCH[1]}
    day=$(date -u -r "$file" +%Y%m%d)
    if log=$(in_front "$name"); then
        [[ ! ${name#"$log"?} =~ ^([0-9]{8})[.-] ]] || day=${BASH_REMATCH[1]}
        name=$log.log
    elif [[ $name =~ ^(.*)-([0-9]{8})$ ]]; then name=${BASH_REMATCH[1]} day=${BASH_REMATCH[2]}
    else name=${name%%.log*}.log; fi
    made=$2/$name-$day.gz
    ! is_archived "$file" "$made" || return 1
    [[ ! -e $made ]] || made=$2/$name-$(date -u -r "$file" +%H%M%S)-$day.gz
    ! is_archived "$file" "$made" || return 1
    if [[ $(tool_for "$file") == gzip ]]; then cp -- "$file" "$made.partial"; else plain_log "$file" | gzip -c >"$made.partial"; fi \
        && gzip -t -- "$made.partial" && touch -r "$file" -- "$made.partial" && sync -- "$made.partial" && mv -f -- "$made.partial" "$made" \
        || { rm -f -- "$made.partial"; fail "Cannot archive $file: is the disk full?"; }
}

# is_archived FILE MADE: of one time, which what is archived has from its file, or else of the same lines
is_archived() {
    [[ -e $2 ]] || return 1
    [[ $(stat -c %Y -- "$1") != "$(stat -c %Y -- "$2")" ]] || return 0
    cmp -s -- <(plain_log "$1") <(gunzip -c -- "$2") && touch -r "$1" -- "$2"
}

# Ages come from names. A name in the future, or a clock that jumped, means that ages cannot be trusted now.
expire_logs() {
    local target=$1 days=$2 file today problem=${RUNBOOK_CLOCK_PROBLEM:-${RUNBOOK_CLOCK_DOUBT:-}} day
    local -a old=()
    today=$(date -u +%s)
    while IFS= read -r -d '' file; do
        [[ $file =~ -([0-9]{8})\.gz$ ]] && day=$(date -u -d "${BASH_REMATCH[1]}" +%s 2>/dev/null) || continue
        ((day <= today + 86400)) || problem="$file lies in the future"
        ((today - day > (days + 1) * 86400)) && old+=("$file")
    done < <(find -H "$target" -mindepth 2 -maxdepth 2 -type f -name '*.gz' -print0)
    [[ -z $problem ]] || { printf 'no log is deleted while the clock cannot be trusted: %s\n' "$problem"; return 0; }
    ((${#old[@]} == 0)) || rm -f -- "${old[@]}" || fail "Cannot delete old logs in $target."
    printf 'deleted %s logs older than %s days\n' "${#old[@]}" "$days"
}

main() {
    local step=$1
    directory=$2 project=$3; shift 3
    case $step in
        commit | uncommit | push | archive | logs) "$step" "$@" ;;
        *) fail "There is no step '$step'." ;;
    esac
}

main "$@"; exit  # on one line: bash has read it whole before a child could read from the same stdin
