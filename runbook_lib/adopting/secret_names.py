"""Which variables hold secrets, by their names and by the form of their values; a draft names them and shows none."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

# as whole words between underscores: KEYCLOAK_URL and TOKENIZER are no secrets, API_KEY and DB_PASS are
_SECRET = re.compile(r"(?:^|_)(?:PASS|PASSWD|PASSWORD|PASSPHRASE|PWD|PW|SECRETS?|TOKENS?|KEYS?|APIKEYS?|CREDENTIALS?|"
                     r"PRIVATE|SALT|PEPPER|DSN|AUTH|JWT|WEBHOOK|SIGNATURE|LICENSE)(?:_|\d|$)|PASSWORD|SECRET|APIKEY",
                     re.I)
# what is set about a secret: how long it is, how long it lasts, who may have one
_SETTING = re.compile(
    r"(?:^|_)(?:EXP|EXPIRES?|EXPIRES_IN|EXPIRATION|EXPIRY|MINUTES|SECONDS|HOURS|DAYS|AGE|TIMEOUT|INTERVAL|TTL|LIFETIME|"
    r"LENGTH|SIZE|MIN|MAX|COUNT|LIMIT|ROUNDS|ITERATIONS|ATTEMPTS|RETRIES|STRENGTH|POLICY|VALIDATORS?|HASHERS?|"
    r"ALGORITHMS?|ALGO?|HASH_TYPE|ENABLED|DISABLED|REQUIRED|PROTECTED|HOSTS?|PORT|ISSUER|ISS|AUDIENCE|AUD|LEEWAY|METHODS?|"
    r"PROVIDERS?|BACKENDS?|SCHEME|MECHANISM|TYPE|MODE|VERSION|PREFIX|HEADER|CONSENT|IPS|DOMAINS?|USER|USERNAME|(?<!SECRET_)ID)$|"
    r"_(?:FILE|PATH|DIR)$|^GPG_KEY$|^PUBLIC_|(?:PUBLIC|PUBLISHABLE|SITE)_KEYS?$|"
    r"(?:^|_)(?:ALLOW|DISABLED?|ENABLED?|USE|REQUIRE|SHOW)_|(?:^|_)ALLOWED_(?!(?:\w*_)?(?:TOKENS?|KEYS?|PASSWORDS?|"
    r"SECRETS?|APIKEYS?)$)", re.I)
_SWITCH = re.compile(r"true|false|yes|no|on|off|none|null", re.I)  # says whether, and is found in every text
_NAMES = re.compile(r"(?:^|_)(?:USER|USERNAME|DB|DATABASE|NAME|HOST)$", re.I)
_IN_ADDRESS = re.compile(r"://[^/@\s:]*:([^/@\s]+)@")
_REFERENCE = re.compile(r"\$\{?([A-Za-z_][A-Za-z0-9_]*)")
SHORTEST = 3  # characters; a shorter value is found in every text


def is_secret_name(name: str) -> bool:
    """Whether a variable of that name is taken for a secret; rather one too many."""
    return bool(_SECRET.search(name)) and not _SETTING.search(name)


def secret_values(variables: Mapping[str, str]) -> set[str]:
    """The values that no draft may hold: of variables that are called like secrets, and passwords inside addresses."""
    values = {value for name, value in variables.items() if is_secret_name(name)}
    values |= {found for value in variables.values() for found in _IN_ADDRESS.findall(value)}
    return {value for value in values if len(value) >= SHORTEST and not _SWITCH.fullmatch(value)}


def plain_names(variables: Mapping[str, str]) -> set[str]:
    """Names of roles, databases and hosts that variables hold: a password that is one of them hides nothing."""
    return {value for name, value in variables.items() if _NAMES.search(name) and not is_secret_name(name)}


def holds_secret(text: str, values: Iterable[str], public: Iterable[str] = ()) -> bool:
    """Whether a text shows one of the secret values, or a password inside an address.

    `public` are texts that may be shown although they are a secret's value too: `shop` is name, role and password.
    """
    if _IN_ADDRESS.search(text):
        return True
    return text not in set(public) and any(value in text for value in values)


def references(text: str) -> tuple[str, ...]:
    """The variables that a value of a Compose file is filled in with, in their order, each once."""
    return tuple(dict.fromkeys(_REFERENCE.findall(text.replace("$$", ""))))
