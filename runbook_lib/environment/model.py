"""The whole of an environment file, and what its parts must agree on."""

from __future__ import annotations

import hashlib

from pydantic import Field, model_validator

from runbook_lib.environment.alert_drill import AlertDrill, drill_faults
from runbook_lib.environment.capacity import Capacity, capacity_faults
from runbook_lib.environment.compose import Compose, compose_faults
from runbook_lib.environment.data_services import Cache, Database, around_faults, data_service_faults, part_faults
from runbook_lib.environment.gates import Gate
from runbook_lib.environment.health import Health
from runbook_lib.environment.limits import Limits
from runbook_lib.environment.load_test import LoadTest
from runbook_lib.environment.locations import EnvironmentFile, Public, SecretSpec, Server, public_faults
from runbook_lib.environment.logs import LogFile, log_faults
from runbook_lib.environment.metrics import Metric, MetricName, metric_faults
from runbook_lib.environment.migrations import Migrations, migration_faults
from runbook_lib.environment.notifications import Notifications
from runbook_lib.environment.recovery import ConfigurationBackup, RestoreDrill
from runbook_lib.environment.release import (
    Monitoring,
    PageFiles,
    Proxy,
    ReleaseRules,
    proxy_faults,
    release_faults,
)
from runbook_lib.environment.roles import Roles
from runbook_lib.environment.rules import (
    Access,
    Alerts,
    Backup,
    Checklists,
    Load,
    Logging,
    Maintenance,
    Pipeline,
    Rollback,
    Success,
    Tls,
    Watch,
    Window,
)
from runbook_lib.environment.services import Network, RateLimit, Service, dependency_faults
from runbook_lib.environment.smoke import Smoke
from runbook_lib.environment.traffic import Traffic
from runbook_lib.environment.tuning import Tuning, tuning_faults
from runbook_lib.environment.types import ComposeName, Count, Days, Line, Name, SecretName, StrictModel, Text

RULES = ("services", "release", "page", "proxy", "monitoring", "database", "cache", "without", "networks", "images",
         "migrations", "tuning", "rate_limit", "health", "smoke", "metrics", "traffic", "logs", "alerts", "alert_drill",
         "backup", "restore_drill", "configuration_backup", "rollback", "gate", "watch", "success", "load", "load_test",
         "capacity", "disk_minimum_gb", "memory_minimum_mb")


class Environment(Roles, StrictModel):
    """One staging environment as its file describes it. Made by `load_environment`.

    `plan_version`, `target_release`, `pipeline`, `logging`, `access`, `escalation` and `maintenance` are chapters of a
    plan that people read; nothing is done by them, and an environment may be without.
    """

    name: Name
    title: Text
    plan_version: Text | None = None
    target_release: Text | None = None
    server: Server
    compose: Compose
    public: Public
    services: dict[ComposeName, Service]
    release: ReleaseRules
    migrations: Migrations | None = None
    page: PageFiles | None = None
    proxy: Proxy | None = None
    monitoring: Monitoring | None = None
    database: Database | None = None
    cache: Cache | None = None
    without: dict[Name, Text] = Field(default_factory=dict)
    networks: dict[ComposeName, Network] = Field(default_factory=dict)
    images: dict[SecretName, Line] = Field(default_factory=dict)
    tuning: Tuning = Tuning()
    rate_limit: RateLimit | None = None
    environment_files: dict[Text, EnvironmentFile] = Field(default_factory=dict)
    secrets: dict[SecretName, SecretSpec] = Field(default_factory=dict)
    secrets_file: Text | None = None
    pipeline: Pipeline | None = None
    health: Health = Health()
    smoke: Smoke | None = None
    metrics: dict[MetricName, Metric] = Field(default_factory=dict)
    logging: Logging | None = None
    logs: dict[Name, LogFile] = Field(default_factory=dict)
    alerts: Alerts = Alerts()
    alert_drill: AlertDrill | None = None
    notifications: Notifications = Notifications()
    tls: Tls = Tls()
    access: Access | None = None
    backup: Backup
    restore_drill: RestoreDrill = RestoreDrill()
    configuration_backup: ConfigurationBackup
    rollback: Rollback = Rollback()
    gate: Gate = Gate()
    watch: Watch = Watch()
    success: Success = Success()
    load: Load = Load()
    traffic: Traffic = Traffic()
    load_test: LoadTest | None = None
    capacity: Capacity = Capacity()
    checklists: Checklists = Checklists()
    contacts: dict[Text, Text] = Field(default_factory=dict)
    escalation: tuple[Text, ...] = ()
    windows: dict[Name, Window] = Field(default_factory=dict)
    maintenance: Maintenance | None = None
    limits: Limits = Limits()
    certificate_minimum_days: Days = 14
    disk_minimum_gb: Count = 5
    memory_minimum_mb: Count = 512

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Environment:
        data = {"database.service": self.database.service} if self.database else {}
        data |= {"cache.service": self.cache.service} if self.cache else {}
        faults = [*compose_faults(self.compose, self.name, replaced=self.release.replaced),
                  *self._unknown_networks(), *self._unexplained_absences(), *self._unnamed_secrets(),
                  *public_faults(self.public, self._enforces_https),
                  *data_service_faults(self.services, data),
                  *part_faults({"database": self.database is not None, "cache": self.cache is not None,
                                "monitoring": self.monitoring is not None, "health": bool(self.health.endpoints),
                                "smoke": self.smoke is not None, "page": self.page is not None,
                                "migrations": self.migrations is not None,
                                "writes": self.smoke is not None and self.smoke.writes}, self.without),
                  *release_faults(self.release, self.services, data, self.images),
                  *migration_faults(self.migrations, self.release, has_database=self.database is not None),
                  *around_faults(self.services, self._around), *proxy_faults(self.proxy, self.release),
                  *self._unknown_in_smoke(),
                  *dependency_faults(self.services, self.health, has_database=self.database is not None),
                  *metric_faults(self.metrics, self.alerts),
                  *log_faults(self.logs, self.services), *capacity_faults(self, self.capacity, self.services),
                  *tuning_faults(self.tuning, self.services), *self._drill_faults()]
        if faults:
            raise ValueError("\n".join(faults))
        return self

    @property
    def project(self) -> str:
        """The Compose project: what is this environment's on its server, and not another one's, is named after it."""
        return self.compose.project_of(self.name)

    @property
    def load_target(self) -> LoadTest | None:
        """The bounds of a load on this environment; None where it does not name itself as a target.

        An environment that extends another inherits its `load_test`, and is not its target: it has to name itself.
        """
        return self.load_test if self.load_test is not None and self.load_test.target == self.name else None

    @property
    def on_call(self) -> str:
        """Whom to call where manual intervention is required: the first contact, role and address."""
        role, address = next(iter(self.contacts.items()), ("", ""))
        return f"{role} ({address})" if role else ""

    @property
    def rules_fingerprint(self) -> str:
        """16 hex digits over all figures that checks, gates and watches compare with, and over what they ask.

        Left out is what differs from one operator's machine to another's, and what only people read.
        """
        text = self.model_dump_json(include=set(RULES))
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @property
    def server_secrets(self) -> tuple[str, ...]:
        """Names of the secrets that `compose.secrets_file` must hold, in the file's order, without optional ones.

        None with the strategy recreate: the application's own files have them.
        """
        return tuple(one for one in self.delivered_secrets if self.secrets[one].required and not self.release.replaced)

    @property
    def delivered_secrets(self) -> tuple[str, ...]:
        """Names of all secrets that `compose.secrets_file` may hold, optional ones included, in the file's order."""
        return tuple(name for name, need in self.secrets.items() if need.side == "server")

    @property
    def _enforces_https(self) -> bool:
        # the default is of a plan with https, and no one's word
        return self.tls.https_enforced and "https_enforced" in self.tls.model_fields_set

    @property
    def _around(self) -> dict[str, str]:
        alerts = self.monitoring.alerts if self.monitoring else None
        proxy = self.proxy.service if self.proxy else None
        return {**({"proxy.service": proxy} if proxy else {}),
                **({"monitoring.metrics": self.monitoring.metrics} if self.monitoring else {}),
                **({"monitoring.alerts": alerts} if alerts else {})}

    def _unknown_in_smoke(self) -> list[str]:
        service = self.smoke.service if self.smoke else None
        return [] if service is None or service in self.services else [
            f"smoke.service: there is no service {service!r}"]

    def _drill_faults(self) -> list[str]:
        return drill_faults(self.alert_drill, self.alerts, self.services, self.networks, self.windows)

    def _unknown_networks(self) -> list[str]:
        return [
            f"services.{name}.networks: there is no network {network!r}"
            for name, service in self.services.items()
            for network in service.networks
            if network not in self.networks
        ]

    def _unexplained_absences(self) -> list[str]:
        return [
            f"services.{name}: required and absent_reason go together; say why the service is absent, or require it"
            for name, service in self.services.items()
            if service.required == bool(service.absent_reason)
        ]

    def _unnamed_secrets(self) -> list[str]:
        password = self.notifications.mail.password if self.notifications.mail else None
        faults = [f"notifications.mail.password: {password} is not among the secrets"] if (
            password and password not in self.secrets) else []
        for path, file in self.environment_files.items():
            for variable, value in file.variables.items():
                faults += [
                    f"environment_files.{path}.variables.{variable}: ${{{name}}} is not among the secrets"
                    for name in _references(value)
                    if name not in self.secrets
                ]
        return faults


def _references(value: str) -> list[str]:
    return [part.partition("}")[0] for part in value.split("${")[1:]]
