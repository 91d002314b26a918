"""`lab mail` and `lab receivers`: what a lab's server sends to people, as it arrived."""

from __future__ import annotations

import argparse
import threading
from contextlib import suppress


def mail(arguments: argparse.Namespace) -> None:
    """List the mails that the server has taken."""
    from lab.instance import Instance
    from lab.mailbox import listed, mails

    print(listed(mails(Instance(arguments.name)), texts=arguments.text))


def receivers(arguments: argparse.Namespace) -> None:
    """Be Slack and PagerDuty for the server's Alertmanager, and print each message, for so long or until Ctrl-C."""
    from lab.instance import Instance
    from lab.receivers import receiving, shown

    with receiving(Instance(arguments.name), lambda one: print(shown(one), flush=True)) as found:
        print(f"Alertmanager of {arguments.name} sends to Slack and PagerDuty at {found.url}. End with Ctrl-C.",
              flush=True)
        with suppress(KeyboardInterrupt):
            threading.Event().wait(arguments.seconds or None)
