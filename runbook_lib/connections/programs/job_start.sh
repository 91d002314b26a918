# shellcheck shell=bash disable=SC2015
# Takes the uploaded script and standard input, each of a known size, and starts the job. A folder is never used twice.
set -u; umask 077
folder=$1 token=$2 script_size=$3 stdin_size=$4 limit_s=$5 directory=$6 fence=$7
upload=$folder.$token
(umask 022; mkdir -p -- "$directory/.runbook") && mkdir -p -- "${folder%/*}" && mkdir -- "$upload" || exit 1
trap 'rm -rf -- "$upload"' EXIT
head -c "$script_size" > "$upload/script" && head -c "$stdin_size" > "$upload/stdin" || exit 1
# half a script must never start: a dropped link ends the input early without any error
[ "$(stat -c %s "$upload/script")" = "$script_size" ] && [ "$(stat -c %s "$upload/stdin")" = "$stdin_size" ] \
    || { echo "the upload was cut short" >&2; exit 1; }
[ ! -e "$folder" ] && mv -T -- "$upload" "$folder" || { echo "the job's folder is taken: $folder" >&2; exit 73; }
setsid bash "$folder/script" "$folder" "$limit_s" "$directory" "$fence" </dev/null >/dev/null 2>&1 &
echo started
