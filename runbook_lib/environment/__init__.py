"""The plan as data: parameters/environments/*.yaml read into one frozen, strictly typed value.

`places` says where things are, `services` what runs there, `rules` what counts as good, `loading` reads the files
and `faults` words what is wrong with them.
"""

from runbook_lib.environment.loading import load_environment
from runbook_lib.environment.locations import EnvironmentFile, Public, SecretNeed, Server
from runbook_lib.environment.model import Environment
from runbook_lib.environment.services import Service

__all__ = ["Environment", "EnvironmentFile", "Public", "SecretNeed", "Server", "Service", "load_environment"]
