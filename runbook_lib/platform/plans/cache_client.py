"""Which program speaks to a cache inside its own container: Redis, and what took its place, each bring their own."""

from __future__ import annotations

# All of them take the same words, and the password from the same variable (REDISCLI_AUTH). An empty one is a log-in all
# the same, which a cache without a password refuses; without any, what the container sets itself counts.
CACHE_CLIENT = r"""
client=$(command -v redis-cli || command -v valkey-cli || command -v keydb-cli) || {
  echo "it has no redis-cli, no valkey-cli and no keydb-cli" >&2; exit 1; }
as_client() { # PASSWORD WORD…
  own_password=$1; shift
  if [ -n "$own_password" ]; then REDISCLI_AUTH=$own_password "$client" --no-auth-warning "$@"
  else "$client" --no-auth-warning "$@"; fi
}
"""
