"""`watchroom incident propose ...`: what fits a title before one declares."""

from __future__ import annotations

from typing import Any

import click

from .client import Api, api_command


@click.command()
@click.argument("title")
@api_command
def propose(api: Api, title: str) -> Any:
    """Show services, alerts and severity that fit TITLE, and incidents that look alike. Declares nothing."""

    def show(found: Any) -> None:
        for each in found["open"]:
            click.echo(
                f"Looks like #{each['id']} {each['title']} (SEV{each['severity']}), open since {each['declared_at']}."
            )
        for name in ("services", "alert_groups"):
            if found[name]:
                click.echo(f"{name.replace('_', ' ').capitalize()}: {', '.join(map(str, found[name]))}")
        if found["severity"]:
            click.echo(f"Severity: SEV{found['severity']}, {found['severity_why']}")
        if found["type"]:
            click.echo(f"Type: {found['type']}")
        for each in found["before"]:
            click.echo(f"Before: #{each['id']} {each['title']} (SEV{each['severity']})")
        if not any(found.values()):
            click.echo("Nothing looks like it.")

    return api.get("/incidents/proposals", title=title), show


incident_commands = [propose]
