# shellcheck shell=sh
# What a server has of what notebooks need, a line each: NAME=yes, NAME=no or NAME=no: why. Nothing is changed.
# Arguments: the project's folder, its Compose project, the folder of backups, the folder of configuration backups.
set -u
directory=$1 project=$2 backups=$3 configuration=$4

one_line() { tr '\n' ' ' | head -c 200; }

# the nearest folder that there is: what may be written there can be made
writable() {
    folder=$1
    while [ ! -e "$folder" ] && [ "$folder" != / ]; do folder=$(dirname -- "$folder"); done
    if [ -w "$folder" ]; then echo yes; else echo "no: $(id -un) may not write in $folder"; fi
}

if reason=$(docker version --format '{{.Server.Version}}' 2>&1); then
    echo docker=yes
    if [ -n "$(docker ps --quiet --filter "label=com.docker.compose.project=$project")" ]; then echo project=yes
    else echo "project=no: no container of $project is running"; fi
else
    echo "docker=no: $(echo "$reason" | one_line)"
fi
if reason=$(git -C "$directory" remote get-url origin 2>&1 >/dev/null); then echo checkout=yes
else echo "checkout=no: $(echo "$reason" | one_line)"; fi
echo "backup_folder=$(writable "$backups")"
echo "configuration_folder=$(writable "$configuration")"
if command -v crontab >/dev/null || [ -d /run/systemd/system ]; then echo cron=yes
else echo "cron=no: neither crontab nor systemd is there"; fi
