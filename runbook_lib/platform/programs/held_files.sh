# shellcheck shell=bash disable=SC2154
# hold_log WRITTEN_SINCE: the files of the log $log, held open, oldest first and the one that is written now last: from here on
# a rotation can rename or delete them, and they stay what they are. Left out is what was written last before that moment, in
# seconds of 1970. Follows compression.sh; `gap`, which says what could not be read, is the program's own. False where rotations
# leave no moment to open them.
names=() inodes=() fds=() live='' live_file=''
readonly TRIES=5 BEGIN_BYTES=4096

# numbered, dated (any `dateformat`), with logrotate's `extension`, compressed, or in an `olddir` below; links and pipes are
# left out, and so are other logs whose names only begin alike (a-worker1.log) and what people and editors copy: each of
# those lines would count twice
rotated() { # SINCE DEPTH
    local folder base stem extension
    folder=$(dirname "$log") base=$(basename "$log")
    stem=${base%.*} extension=.${base##*.}
    if [[ ! -d $folder ]]; then return 0; fi
    find "$folder/" -mindepth "$2" -maxdepth "$2" -type f \
        \( -name "${base}[-._ ]?*" -o -name "${stem}[-._][0-9]*$extension*" \) \
        ! \( -name '*~' -o -name '*.bak' -o -name '*.orig' -o -name '*.save' -o -name '*.sw?' -o -name '*.tmp' \) \
        -newermt "@$1" -printf '%T@ %i %p\0' 2>/dev/null
}
file_of() { echo "/proc/$$/fd/${fds[$1]}"; }
bytes_in() { stat -L -c %s "$1"; }
begin_of() { head -c "$2" "$1" | cksum; }
forget_files() {
    local fd
    for fd in ${fds[@]+"${fds[@]}"}; do exec {fd}<&-; done
    names=() inodes=() fds=() live_file=''
}
hold() { # PATH INODE: false where the name is another file's by now
    local fd
    if [[ ! -r $1 ]]; then
        if [[ -e $1 ]]; then gap "$1: no access"; fi
        [[ -e $1 ]]
        return
    fi
    exec {fd}<"$1" || return 1
    if [[ $(stat -L -c %i "/proc/$$/fd/$fd") != "$2" ]]; then exec {fd}<&-; return 1; fi
    names+=("$1") inodes+=("$2") fds+=("$fd")
}
is_held() { # INODE
    local one
    for one in ${inodes[@]+"${inodes[@]}"}; do if [[ $one == "$1" ]]; then return 0; fi; done
    return 1
}
# `copytruncate` cuts the log only when its copy is whole: until then both have the same lines
is_being_copied() { # PATH
    local size
    if [[ -z $live || ! -r $1 || ! -r $log ]] || ! command -v cmp >/dev/null; then return 1; fi
    size=$(bytes_in "$1") && cmp -s -n "$size" -- "$1" "$log" && (($(bytes_in "$log") >= size))
}
hold_all() { # SINCE: false where a rotation came between listing and opening
    local one inode path found=()
    local -A plain=()
    # the file that is written now is looked up first, and read last
    live=''
    if [[ -f $log && -r $log ]]; then live=$(stat -L -c %i "$log") || return 1; fi
    mapfile -d '' -t found < <(rotated "$1" 1 && printf 'listed\0'; rotated "$1" 2)
    if [[ " ${found[*]-} " != *' listed '* ]]; then
        # a file that is renamed while it is listed ends the list with an error, too
        if [[ -r $(dirname "$log") ]]; then return 1; fi
        gap "$(dirname "$log"): cannot be listed, so rotated files are not read"
        found=(listed)
    fi
    mapfile -d '' -t found < <(printf '%s\0' "${found[@]}" | sort -z -n)
    for one in "${found[@]}"; do one=${one#* }; plain[${one#* }]=1; done
    for one in "${found[@]}"; do
        if [[ $one == listed ]]; then continue; fi
        one=${one#* } inode=${one%% *} path=${one#* }
        if [[ $inode == "$live" || $path == "$log" ]] || is_held "$inode"; then continue; fi
        # while it is compressed there are both, and the packed one is not whole yet
        if [[ -n ${plain[${path%.*}]-} && $(tool_for "$path") != cat ]] || is_being_copied "$path"; then continue; fi
        hold "$path" "$inode" || return 1
    done
    if [[ -n $live ]]; then
        hold "$log" "$live" || return 1
        live_file=$(file_of "$((${#fds[@]} - 1))")
        live_size=$(bytes_in "$live_file")
        begin_bytes=$((live_size < BEGIN_BYTES ? live_size : BEGIN_BYTES))
        live_begin=$(begin_of "$live_file" "$begin_bytes")
    fi
}
hold_log() {
    local try
    for ((try = 1; try <= TRIES; try++)); do
        if hold_all "$1"; then return 0; fi
        forget_files
    done
    return 1
}
# To be asked when all is read: `copytruncate` takes the lines away from the file that is held, and its copy is not.
was_cut() {
    [[ -n $live_file ]] && { (($(bytes_in "$live_file") < live_size)) || [[ $(begin_of "$live_file" "$begin_bytes") != "$live_begin" ]]; }
}
