# shellcheck shell=bash
# Takes an upload away from a starter that may still be alive behind a dead link. Prints `started` or `absent`.
folder=$1 token=$2
if mv -T -- "$folder.$token" "$folder.$token.withdrawn" 2>/dev/null; then rm -rf -- "$folder.$token.withdrawn"; fi
if [ -e "$folder" ]; then echo started; else echo absent; fi
