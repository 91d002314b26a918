"""The plan as data: parameters/environments/*.yaml read into one frozen, strictly typed value.

`locations` has where things are, `services` what runs there, `rules` what counts as good and `recovery` how restores
are rehearsed; `loading` reads the files, and `validation_errors` reports what is wrong with them.
"""

from typing import TYPE_CHECKING

from runbook_lib.core.lazy import loader

if TYPE_CHECKING:  # a command that only asks where the project lies, or a load generator, needs none of it
    from runbook_lib.environment.loading import load_environment
    from runbook_lib.environment.locations import EnvironmentFile, Public, SecretSpec, Server
    from runbook_lib.environment.model import Environment
    from runbook_lib.environment.services import Service

_HOMES = {
    "Environment": "runbook_lib.environment.model",
    "EnvironmentFile": "runbook_lib.environment.locations",
    "Public": "runbook_lib.environment.locations",
    "SecretSpec": "runbook_lib.environment.locations",
    "Server": "runbook_lib.environment.locations",
    "Service": "runbook_lib.environment.services",
    "load_environment": "runbook_lib.environment.loading",
}

__all__ = ["Environment", "EnvironmentFile", "Public", "SecretSpec", "Server", "Service", "load_environment"]
__getattr__ = loader(__name__, _HOMES)
