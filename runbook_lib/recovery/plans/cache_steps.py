"""The application's cache in a restore: asked before anything is done, and emptied when other data are live.

Users have no application while it is emptied: a cache that would not let this in ends a restore before that.
"""

from __future__ import annotations

from runbook_lib.core.commands import Command
from runbook_lib.core.plan import SkippedStep, Step
from runbook_lib.environment import Environment
from runbook_lib.platform.plans.cache_client import CACHE_CLIENT
from runbook_lib.platform.plans.compose import compose

ASK_TITLE, FLUSH_TITLE = "Ask whether the cache can be emptied", "Empty the cache"
# The words: what to do, the variable with the password, the database, and the user. A client exits with 0 on errors
# too: its answers are checked. With a number that the server has not it goes on in the first database, and would empty
# that: it asks first. DBSIZE needs a log-in, which PING may not.
PROGRAM = CACHE_CLIENT + r"""
command=$1 secret=$(printenv "$2") database=$3 user=${4-}
ask() { as_client "$secret" ${user:+--user "$user"} $tls -n "$database" "$@" 2>&1; }
fail() { echo "the cache answers: ${1:-nothing}; nothing was emptied" >&2; exit 1; }
tls=
answer=$(ask PING)
if [ "${answer%PONG}" = "$answer" ]; then # it may speak TLS alone
  tls='--tls --insecure'
  if [ "$(ask PING)" = PONG ]; then answer=PONG; else tls=; fi
fi
[ "$answer" = PONG ] || fail "$answer"
if [ "$command" = ask ]; then
  answer=$(ask DBSIZE)
  [ "$answer" -ge 0 ] 2>/dev/null || fail "$answer"
  echo "it answers, with $answer keys"
else
  answer=$(ask FLUSHDB)
  [ "$answer" = OK ] || { echo "the cache answers: $answer" >&2; exit 1; }
fi
"""


def ask_cache(environment: Environment) -> tuple[Step, ...]:
    """Log in to the cache as it is emptied later; nothing where the application has none."""
    return (Step("cache-answers", ASK_TITLE, (_command(environment, "ask"),),
                 why="with the same log-in: were it refused only then, users would have no application meanwhile"),
            ) if environment.cache_service else ()


def flush_cache(environment: Environment) -> tuple[Step, ...]:
    """Empty the application's cache, if it has one; the undo does the same, because the data change once more.

    An undo that fails keeps nothing else from being undone: an old reply in a cache is less than no application.
    """
    if not environment.cache_service:
        return ()
    database = environment.cache.database if environment.cache else 0
    command = _command(environment, "empty")
    return (Step(
        "flush-cache",
        FLUSH_TITLE,
        (command,),
        undo=(command,),
        undo_best_effort=True,
        why="cached replies and sessions refer to rows that may be gone: all users log in once more. Database "
        f"{database} of it alone (cache.database): what others keep there stays",
    ),)


def no_cache(environment: Environment) -> tuple[SkippedStep, ...]:
    """What a plan shows in place of `flush_cache` where the environment has no cache."""
    return () if environment.cache_service else (SkippedStep(FLUSH_TITLE, environment.no_cache_reason),)


def _command(environment: Environment, what: str) -> Command:
    probe = environment.services[environment.cache_service].probe
    database = environment.cache.database if environment.cache else 0
    variable = (probe.password_variable if probe else None) or "REDIS_PASSWORD"
    user = (probe.user if probe else None) or ""
    return compose(environment, "exec", "-T", environment.cache_service, "sh", "-c", PROGRAM, what, what, variable,
                   str(database), user)
