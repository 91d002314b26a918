"""Which program speaks to a cache inside its own container: Redis, and what took its place, each bring their own."""

from __future__ import annotations

# All of them take the same words, and the password from the same variable (REDISCLI_AUTH).
CACHE_CLIENT = r"""
client=$(command -v redis-cli || command -v valkey-cli || command -v keydb-cli) || {
  echo "it has no redis-cli, no valkey-cli and no keydb-cli" >&2; exit 1; }
"""
