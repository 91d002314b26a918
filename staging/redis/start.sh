#!/bin/sh
# Redis with its password from the environment, handed over on standard input: neither a file nor the process list shows it.
set -eu
: "${REDIS_PASSWORD:?put STAGING_REDIS_PASSWORD into .env.secrets}"
exec redis-server - <<EOF
include /etc/gw2-redis/redis.conf
requirepass ${REDIS_PASSWORD}
EOF
