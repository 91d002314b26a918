"""A draft of an environment file: where its TODOs stand, what is wanted in place of each, and an example.

What is wanted comes from the model itself, so that a key that is new there needs no line here.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from runbook_lib.environment.validation_errors import FORMS, Location

TODO = "TODO"

# What the form alone does not say, by the key's place; `*` stands for any name. An example has the form of its key.
HINTS: Mapping[str, tuple[str, Any]] = {
    "name": ("the environment's name, as the file is called", "shop"),
    "title": ("what the environment is called in reports", "Shop staging"),
    "server.host": ("the server's name or address, or a host of your ~/.ssh/config", "staging.example.com"),
    "server.user": ("the user on the server, who may use docker", "deploy"),
    "server.directory": ("the folder on the server in which docker compose is called", "/opt/shop"),
    "server.key_file": ("the private key that opens the server", "~/.ssh/id_ed25519"),
    "server.known_hosts_file": ("the file that has the server's host key", "~/.ssh/known_hosts"),
    "compose.project": ("the name of the project that runs, as `docker compose ls` shows it on the server: another "
                        "name is another, empty database", "shop"),
    "compose.files": ("the Compose files in their order, below server.directory", "compose.yml"),
    "public.url": ("the address that users type", "https://staging.example.com"),
    "services.*.purpose": ("what it does, in a few words", "Web application"),
    "services.*.cpus": ("the processors that the Compose file allows it (deploy.resources.limits.cpus)", 0.5),
    "services.*.memory": ("the memory that the Compose file allows it (deploy.resources.limits.memory)", "512MB"),
    "services.*.ports": ("the ports that it listens on inside its container; without any, leave the line out", 8000),
    "services.*.no_health_check_reason": ("why running is enough to call it healthy",
                                          "it has no port, and Docker starts it again when it ends"),
    "services.*.host_network_reason": ("why it is on the server's own network (network_mode: host)",
                                       "it sees the addresses of its users"),
    "services.*.health": ("what its health check asks", "/health answers 200"),
    "database.service": ("the service that runs PostgreSQL", "db"),
    "database.name": (
        "the application's database, as `psql --list` shows it: letters, digits and _, at most 39; a hyphen is not "
        "possible yet", "shop"),
    "database.owner": ("the role that owns that database", "shop"),
    "without.database": ("what keeps the data, and a copy of them, or `database` in place of this line",
                         "notes are files in a volume, which 33 archives"),
    "without.cache": ("why there is no cache", "the application keeps nothing between requests"),
    "without.smoke": ("why there is no smoke test", "its users log in by cookies alone"),
    "release.api": ("the service that stands for the release: one of release.services", "web"),
    "release.writers": ("a service that writes into the database", "web"),
    "release.services.*.image": ("its image without a tag", "shop-web"),
    "page.assets": ("the folder below which the files lie that the page names, with a slash at its end", "/static/"),
    "release.services.*.port": ("the port that it listens on inside its container", 8000),
    "without.migrations": ("why there is no migration, or `migrations` in place of this line",
                           "it never changes its schema"),
    "traffic.reads": ("a path that users read without a log-in, and that reads the database", "/products"),
    "without.health": ("why there is no health endpoint", "it is a worker without a port"),
    "health.endpoints.*.title": ("what it shows when it answers, in a few words", "The shop is open"),
    "health.endpoints.*.service": ("the service that answers there", "web"),
    "health.endpoints.*.contains": ("a piece of what its reply holds when the application is healthy, or "
                                    "empty: true in place of this line", "ok"),
    "restore_drill.no_reads_reason": ("why a drill asks the application nothing; or name the paths in `reads` instead",
                                      "it has no public reads"),
    "configuration_backup.no_uploads_reason": ("why nothing that users upload needs a copy; or name the folders in "
                                               "`uploads` instead", "users upload nothing"),
    "configuration_backup.data_volumes.*": ("why this volume needs no copy of its own", "the nightly dump holds it"),
    "contacts": ("whom to call, the first one first: role and address", "devops@example.com"),
    "contacts.*": ("the address or number of who is called", "devops@example.com"),
    "tls.certificate": ("the certificate's file on the server", "/etc/letsencrypt/live/example.com/fullchain.pem"),
    "tls.private_key": ("its key's file on the server", "/etc/letsencrypt/live/example.com/privkey.pem"),
    "alerts.channels.*.to": ("who gets the mail", "devops@example.com"),
    "notifications.mail.sender": ("the sender of the mail", "runbooks@example.com"),
}
# one text of each form that the model has
EXAMPLES: Mapping[str, str] = {
    r"^[1-9][0-9]{0,6}(MB|GB)$": "512MB",
    r"^([01][0-9]|2[0-3]):[0-5][0-9]$": "02:00",
    r"^/[A-Za-z0-9._/-]*$": "/opt/shop",
    r"^[A-Za-z0-9._][A-Za-z0-9._/-]*$": "compose.yml",
    r"^([^:\s]+|\[[0-9A-Fa-f:.]+\]):[0-9]+$": "127.0.0.1:8443",
    r"^[A-Z][A-Z0-9_]+$": "SECRET_KEY",
    r"^https?://([a-z0-9.-]+|\[[0-9a-f:.]+\])(:[0-9]+)?$": "https://staging.example.com",
    r"^/[^\s\p{Cc}\p{Cf}]*$": "/healthz",
    r"^[A-Za-z0-9:_][A-Za-z0-9.:_%-]*$": "staging.example.com",
    r"^[0-9]{2}_[a-z0-9_]+$": "20_deploy",
    r"^(https://|http://(127\.[0-9.]+|localhost|\[::1\]))\S*$": "https://staging.example.com/runs",
    r"^(auto|[1-9][0-9]{0,3})$": "auto",
    r"^[A-Za-z_][A-Za-z0-9_]*$": "ServiceUnhealthy",
}
SOME_TEXT = "shop"  # has the form of every other key


def todos_in(data: object, above: Location = ()) -> tuple[Location, ...]:
    """The place of each TODO in an environment file's mapping: a value or key that is `TODO`, or begins `TODO:`."""
    if isinstance(data, dict):
        keys = [(*above, key) for key in data if is_todo(key) and not isinstance(data[key], dict | list)]
        # a key and its value, both to be written, are one task
        return tuple(keys) + tuple(place for key, value in data.items() if (*above, key) not in keys
                                   for place in todos_in(value, (*above, key)))
    if isinstance(data, list):
        return tuple(place for index, value in enumerate(data) for place in todos_in(value, (*above, index)))
    return (above,) if is_todo(data) else ()


def is_todo(value: object) -> bool:
    """Whether a key or value is left to an operator."""
    # `TODO list` may be a title; the colon is what people write who add a reason
    return isinstance(value, str) and (value.strip() == TODO or value.strip().startswith(f"{TODO}:"))


def described(place: Location) -> str:
    """`path.to.key: what is wanted, e.g. example`, for people."""
    words, example = wanted_at(place)
    dotted = ".".join(str(part) for part in place)
    return f"{dotted}: TODO: {words}, e.g. {shown(example)}"


def shown(example: Any) -> Any:
    """An example as YAML spells it."""
    return str(example).lower() if isinstance(example, bool) else example


def wanted_at(place: Location) -> tuple[str, Any]:
    """What is wanted at a place of the file, in words, and an example that the model takes there."""
    hint = _hint_at(place)
    if hint:
        return hint
    node = node_at(place)
    return _words_of(node), _example_of(node)


def _hint_at(place: Location) -> tuple[str, Any] | None:
    parts = [str(part) for part in place]
    while parts and (parts[-1].isdigit() or parts[-1] == TODO):  # an item of a list, or an entry of a mapping
        parts.pop()
    for key, hint in HINTS.items():
        pattern = key.split(".")
        if len(pattern) == len(parts) and all(one in ("*", part) for one, part in zip(pattern, parts, strict=True)):
            return hint
    return None


@cache
def model_schema() -> dict[str, Any]:
    # made once, a third of a second; and imported here, because only a draft needs it
    from runbook_lib.environment.model import Environment

    return Environment.model_json_schema()


def node_at(place: Location) -> dict[str, Any]:
    """The JSON schema of what stands at a place; empty where the model has no such key."""
    schema = model_schema()
    node = resolved(schema, schema)
    for part in place:
        inner = node.get("properties", {}).get(str(part)) or node.get("additionalProperties") or node.get("items")
        inner = inner or next(iter(node.get("patternProperties", {}).values()), None)
        node = resolved(inner, schema) if isinstance(inner, dict) else {}
    return node


def resolved(node: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """The node that a reference or a choice with `null` stands for."""
    while "$ref" in node or "anyOf" in node:
        if "$ref" in node:
            node = schema["$defs"][node["$ref"].rpartition("/")[2]]
        else:
            node = next(one for one in node["anyOf"] if one.get("type") != "null")
    return node


def _words_of(node: dict[str, Any]) -> str:
    choices = node.get("enum", [node["const"]] if "const" in node else [])
    if choices:
        return f"one of {', '.join(map(str, choices))}"
    kinds = {"integer": "a whole number", "number": "a number", "boolean": "true or false", "array": "a list",
             "object": "a mapping of keys to values"}
    form = FORMS.get(node.get("pattern", ""), "text")
    return kinds.get(node.get("type", ""), "text" if form == FORMS[r"\S"] else form)


def _example_of(node: dict[str, Any]) -> Any:
    if "enum" in node or "const" in node:
        return node["const"] if "const" in node else node["enum"][0]
    kind = node.get("type")
    if kind == "boolean":
        return True
    if kind in ("integer", "number"):
        lowest, highest = node.get("minimum", node.get("exclusiveMinimum", 0)), node.get("maximum", 1_000)
        return max(lowest, min(30, highest))
    return EXAMPLES.get(node.get("pattern", ""), SOME_TEXT)
