"""Mail that the lab's server has taken: alerts, and what runbooks send to the team. Nothing of it leaves the server."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

from lab.errors import REFUSED, LabError
from lab.instance import Instance
from lab.processes import output

# names begin with the time of arrival; a mail that is still being written is in `tmp`
READ = """cd /var/mail/team 2>/dev/null || exit 0
find new cur -type f -printf '%T@ %p\\n' | sort -n | while read -r _ one; do base64 -w0 "$one"; echo; done"""
SHOWN = ("Date", "From", "Delivered-To", "Subject")  # with several recipients there are several mails
NONE = "No mail has arrived. 42_alert_drill sends some, and so does 44_notify with a channel."


def mails(instance: Instance) -> tuple[EmailMessage, ...]:
    """Every mail that the server keeps, in the order of arrival. Raises LabError where it does not run."""
    described = instance.inspect()
    if described is None or not described["State"]["Running"]:
        raise LabError(f"{instance.name} is not up.", exit_code=REFUSED,
                       next_step=f"python -m lab up --name {instance.name}")
    lines = output(instance.inside("sh", "-c", READ)).split()
    return tuple(message_from_bytes(base64.b64decode(line), policy=default) for line in lines)


def listed(found: Sequence[EmailMessage], *, texts: bool = False) -> str:
    """A line a mail: its date, sender, recipients and subject; with `texts`, what it reads below it."""
    rows = []
    for mail in found:
        rows.append(" · ".join(str(mail[name] or "—") for name in SHOWN))
        if texts:
            part = mail.get_body(("plain", "html"))
            text = str(part.get_content() if part else "")
            rows.append("\n".join(f"    {line}" for line in text.splitlines()) + "\n")
    return "\n".join(rows) or NONE
