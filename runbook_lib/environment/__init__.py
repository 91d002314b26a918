"""The plan as data: parameters/environments/*.yaml read into one frozen, strictly typed value.

`locations` has where things are, `services` what runs there, `rules` what counts as good and `recovery` how restores
are rehearsed; `loading` reads the files, and `validation_errors` reports what is wrong with them.
"""

from runbook_lib.environment.loading import load_environment
from runbook_lib.environment.locations import EnvironmentFile, Public, SecretSpec, Server
from runbook_lib.environment.model import Environment
from runbook_lib.environment.services import Service

__all__ = ["Environment", "EnvironmentFile", "Public", "SecretSpec", "Server", "Service", "load_environment"]
