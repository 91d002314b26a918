#!/bin/bash
# /etc/nginx/templates/*.template become /etc/nginx/conf.d/* with the environment filled in, then /docker-entrypoint.d runs
set -euo pipefail
shopt -s nullglob
if [ "${1:-}" = nginx ]; then
  defined=$(compgen -e | sed 's/^/${/; s/$/}/' | tr '\n' ' ')
  for template in /etc/nginx/templates/*.template; do
    name=$(basename "$template" .template)
    envsubst "$defined" < "$template" > "/etc/nginx/conf.d/$name"
  done
  for script in /docker-entrypoint.d/*.sh; do
    if [ -x "$script" ]; then "$script"; fi
  done
fi
exec "$@"
