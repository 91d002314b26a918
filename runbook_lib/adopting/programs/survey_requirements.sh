# shellcheck shell=sh
# What a server has of what notebooks need, a line each: NAME=yes, NAME=no or NAME=no: why. Nothing is changed.
# Follows whole_lines.sh. Arguments: the project's folder, its Compose project, the folder of backups, the folder of configuration backups,
# the files of variables that Compose is called with.
set -u
directory=$1 project=$2 backups=$3 configuration=$4; shift 4

one_line() { first_lines 200 | tr '\n' ' '; }

# the folder itself: no notebook makes one, because its owner is an administrator's affair
writable() {
    if [ ! -d "$1" ]; then echo "no: there is no folder $1"
    elif [ -w "$1" ]; then echo yes
    else echo "no: $(id -un) may not write in $1"; fi
}

# what it prints where it fails begins with an empty line of the server's version, and is one long line
if reason=$(docker version --format '{{.Server.Version}}' 2>&1 >/dev/null); then
    echo docker=yes
    if [ -n "$(docker ps --quiet --filter "label=com.docker.compose.project=$project")" ]; then echo project=yes
    else echo "project=no: no container of $project is running"; fi
else
    case $reason in
    *'permission denied'*) echo "docker=no: $(id -un) may not use it (permission denied at its socket)" ;;
    *) echo "docker=no: $(echo "$reason" | one_line)" ;;
    esac
fi
if reason=$(git -C "$directory" remote get-url origin 2>&1 >/dev/null); then echo checkout=yes
else echo "checkout=no: $(echo "$reason" | one_line)"; fi
if [ -s "$directory/.runbook/releases.jsonl" ]; then echo recorded=yes
else echo "recorded=no: there is no release in $directory/.runbook/releases.jsonl"; fi
echo "backup_folder=$(writable "$backups")"
echo "configuration_folder=$(writable "$(dirname -- "$configuration")")"
missing=
for file; do [ -f "$directory/$file" ] || missing="$missing $file"; done
if [ -z "$missing" ]; then echo variable_files=yes; else echo "variable_files=no: not in $directory:$missing"; fi
if command -v crontab >/dev/null || [ -d /run/systemd/system ]; then echo cron=yes
else echo "cron=no: neither crontab nor systemd is there"; fi
