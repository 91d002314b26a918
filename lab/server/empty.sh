# shellcheck shell=sh disable=SC2086  # ids come as a list of words
# empty.sh DIRECTORY: back to the empty server: containers, volumes, networks, state files, backups, logs and mail go; images stay.
set -eu
pkill -KILL -u deploy || true
containers=$(docker ps --all --quiet)
if [ -n "$containers" ]; then docker rm --force --volumes $containers > /dev/null; fi
volumes=$(docker volume ls --quiet)
if [ -n "$volumes" ]; then docker volume rm --force $volumes > /dev/null; fi
docker network prune --force > /dev/null
find "$1" /backups/postgres /var/log/gw2 /var/log/nginx -mindepth 1 -delete
rm -rf /var/mail/team
find /backups -mindepth 1 -maxdepth 1 ! -name postgres -exec rm -rf -- {} +
rm -f /var/spool/cron/crontabs/deploy
