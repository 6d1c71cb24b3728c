"""The command line: every group of commands, and how errors are shown."""

from __future__ import annotations

import sys

import click

from .. import __version__
from . import (
    agent,
    alerts,
    backup,
    configuration,
    contact,
    drills,
    evidence,
    following,
    generic,
    guidance,
    incidents,
    insights,
    integrations,
    learning,
    lists,
    mail,
    mitigations,
    monitors,
    oncall,
    policies,
    process,
    readiness,
    role_rotations,
    room,
    routes,
    runbooks,
    senders,
    serving,
    severities,
    sign_on,
    silences,
    statuspage,
    triage,
    venues,
    webhooks,
    workflows,
    workspaces,
)
from .demo import demo
from .failing import Saying, say_defect
from .mcp import mcp


@click.group(cls=Saying, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="watchroom")
def cli() -> None:
    """Watchroom: from a signal to a page, a coordinated response and a lasting fix."""


_everything: list[click.Command] = [
    *serving.commands,
    *backup.commands,
    demo,
    *alerts.commands,
    *incidents.commands,
    *mitigations.commands,
    *severities.commands,
    *following.commands,
    *triage.commands,
    *role_rotations.commands,
    *room.commands,
    *oncall.commands,
    contact.contact,
    mail.mail_reply,
    mail.mail_declare,
    guidance.guidance,
    agent.agent,
    mcp,
    insights.insights,
    *policies.commands,
    *lists.commands,
    *integrations.commands,
    *generic.commands,
    *learning.commands,
    *evidence.commands,
    *sign_on.commands,
    *workspaces.commands,
    *webhooks.commands,
    *venues.commands,
    *workflows.commands,
    *process.commands,
    *drills.commands,
    *readiness.commands,
    *monitors.commands,
    *silences.commands,
    *statuspage.commands,
    *routes.commands,
    *runbooks.commands,
    *senders.commands,
    *configuration.commands,
]
for _command in _everything:
    cli.add_command(_command)


def run() -> None:
    """Run the command line. Exit codes: 0 done, 1 refused or failed, 2 wrong usage."""
    try:
        cli(standalone_mode=True)
    except Exception as error:
        say_defect(error)
        sys.exit(1)
