#!/bin/sh
# Alertmanager with the optional channels that have a secret. Secrets are kept in memory (tmpfs), never in a file of ours.
set -eu
umask 077
# below /tmp, which every image has: a tmpfs in a place of its own loses its mode when the engine starts the container again
made=/tmp/alertmanager
mkdir -p "$made"
slack='' pagerduty=''
if [ -n "${SLACK_WEBHOOK:-}" ]; then
  printf %s "$SLACK_WEBHOOK" > "$made/slack"
  slack='    slack_configs: [{api_url_file: /tmp/alertmanager/slack, send_resolved: true}]'
fi
if [ -n "${PAGERDUTY_KEY:-}" ]; then
  printf %s "$PAGERDUTY_KEY" > "$made/pagerduty"
  pagerduty='    pagerduty_configs: [{routing_key_file: /tmp/alertmanager/pagerduty}]'
fi
while IFS= read -r line; do
  case $line in
    '    # channel: slack') printf '%s\n' "$slack" ;;
    '    # channel: pagerduty') printf '%s\n' "$pagerduty" ;;
    *) printf '%s\n' "$line" ;;
  esac
done < /etc/alertmanager/alertmanager.yml > "$made/alertmanager.yml"
exec alertmanager --config.file="$made/alertmanager.yml" --storage.path=/alertmanager \
  --cluster.listen-address= --web.external-url=http://localhost:9093/
