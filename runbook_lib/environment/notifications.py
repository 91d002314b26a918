"""Whom runs inform at their end, and through which mail server. The channels themselves are those of the alerts."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from runbook_lib.environment.locations import Host
from runbook_lib.environment.types import Port, SecretName, StrictModel, Text

# printable ASCII without what separates or quotes addresses: it is written into the headers of a mail
_WORD, _LABEL = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+", r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?"
MailAddress = Annotated[str, StringConstraints(pattern=rf"^{_WORD}(\.{_WORD})*@{_LABEL}(\.{_LABEL})*$")]
NotebookName = Annotated[str, StringConstraints(pattern=r"^[0-9]{2}_[a-z0-9_]+$")]
# without TLS on the loopback alone: the secret is part of the address or of what is sent there
WebAddress = Annotated[str, StringConstraints(pattern=r"^(https://|http://(127\.[0-9.]+|localhost|\[::1\]))\S*$")]


class MailServer(StrictModel):
    """The server that takes mail from the machine that runs the notebooks. Certificates are verified.

    `starttls` never goes on without TLS; `tls` begins with it; `none` suits a relay on the same machine. `password` is
    the name of a secret, and goes over TLS alone.
    """

    host: Host
    port: Port = 587
    tls: Literal["starttls", "tls", "none"] = "starttls"
    sender: MailAddress
    user: Text | None = None
    password: SecretName | None = None

    @model_validator(mode="after")
    def _password_is_protected(self) -> MailServer:
        if (self.user is None) != (self.password is None):
            raise ValueError("user and password go together: name both, or neither")
        if self.password and self.tls == "none":
            raise ValueError("password: would be sent in clear; set tls to starttls or tls, or name no password")
        return self


class Notifications(StrictModel):
    """What is sent when a run ends, through `alerts.channels`. Nothing is sent in plan mode.

    `runs` names the notebooks, each with `always` or `problems` (what is neither passed nor a warning). All channels
    together have `deadline_s` seconds; what was not sent by then is a warning of the run. In `report_url`, `{run_id}`
    is replaced; without it the report's path is sent, or the workflow's page. `ca_file` vouches for private
    certificates.
    """

    runs: dict[NotebookName, Literal["always", "problems"]] = Field(default_factory=dict)
    mail: MailServer | None = None
    pagerduty_url: WebAddress = "https://events.pagerduty.com"
    report_url: WebAddress | None = None
    ca_file: Text | None = None
    # bounded: a run keeps no operator waiting for longer, whatever a channel does
    deadline_s: Annotated[float, Field(gt=0, le=60)] = 15.0
