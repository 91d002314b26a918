"""The keys of the steps that change a release: in plans, journals and reports, and in the tables of the notebooks."""

from __future__ import annotations

from enum import StrEnum


class StepKey(StrEnum):
    """Steps of a deployment and a rollback. A key is written into every journal: renaming one is a change of format."""

    RECORD_STATE = "record-pre-image"
    RECORD_RUNNING = "record-running"
    FINISH_CUTOVER = "finish-cutover"
    FETCH = "fetch"
    BUILD = "build"  # with the service's name: build-api
    DELIVER_SECRETS = "deliver-secrets"
    ACCEPT_SECRETS = "accept-secrets"
    APPLY_SECRETS = "apply-secrets"
    RENEW_SERVICES = "renew-data-services"
    GATE_SECRETS = "gate-secrets"
    CHECK_OUT = "check-out"
    CONFIGURE = "configure"
    START_INFRASTRUCTURE = "start-infrastructure"
    COMPATIBILITY_CHECK = "compatibility-check"
    MIGRATE = "migrate"
    JOB = "job"  # with the service's name: job-setup
    CANDIDATE = "candidate"  # with the service's name: candidate-web
    START = "start"
    GATE_INTERNAL = "gate-internal"
    OPEN_SESSION = "open-session"
    SWITCH = "switch"
    GATE_EXTERNAL = "gate-external"
    WATCH = "watch"
    COMMIT_RELEASE = "commit-release"
    CLOSE_SESSION = "close-session"
    STOP_OLD_COLOUR = "stop-old-colour"
    STOP_WRITERS = "stop-writers"
    DOWNGRADE = "downgrade"
    GATE_SCHEMA = "gate-schema"
    CHANGE_SERVICE = "change"  # with the service's name: change-postgres
    UPDATE_MONITORING = "update-monitoring"
    GATE_SERVICES = "gate-services"
    PULL = "pull"
    TEST_PROXY = "test-proxy"
    START_PROXY = "start-proxy"
    VALIDATE = "validate-configuration"
    START_MONITORING = "start-monitoring"
