"""Commands for alerts and pages."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import click

from ..kernel import clock
from .client import Api, api_command, given
from .show import facts, table, text
from .silences import Length

_COLUMNS = ("id", "state", "severity", "title", "service", "team")


@click.command()
@click.option("--state", help="open, acknowledged or resolved.")
@click.option("--severity")
@click.option("--service", help="Slug.")
@click.option("--cursor")
@api_command
def alerts(api: Api, **query: Any) -> Any:
    """List alert groups."""
    return api.get("/alert-groups", **query), table(*_COLUMNS, empty="No alerts.")


@click.command()
@click.argument("id", type=int)
@api_command
def alert(api: Api, id: int) -> Any:
    """Show one alert group: what it is, what happened, and who was and will be told."""
    return api.get(f"/alert-groups/{id}"), _whole


def _whole(answer: Any) -> None:
    running = answer["escalation"]
    told = running["trace"] if running else []
    facts({name: value for name, value in answer.items() if name not in ("alerts", "events", "escalation")})
    for heading, rows, columns in (
        ("Alerts", answer["alerts"], ("state", "title", "labels", "starts_at", "ended_at")),
        ("What happened", answer["events"], ("at", "kind", "text")),
        ("Who was told", [line for line in told if not line["future"]], ("at", "text", "state")),
        ("Next", [line for line in told if line["future"]], ("at", "text")),
    ):
        if rows:
            click.echo(f"\n{heading}")
            table(*columns)(rows)


def _until(until: str | None, length: timedelta | None) -> str | None:
    """A time that was said, or the end of a length that begins now."""
    if until and length:
        raise click.UsageError("Say --until or --for, not both.")
    return (clock.now() + length).isoformat() if length else until


@click.command()
@click.argument("id", type=int)
@api_command
def why(api: Api, id: int) -> Any:
    """Why somebody was paged for an alert group, or nobody."""
    return api.get(f"/alert-groups/{id}/why"), _told


def _told(answer: Any) -> None:
    lines = [
        f"{text(each['at'])}  {'(to come) ' if each['future'] else ''}{each['text']}" for each in answer["reasons"]
    ]
    you = [f"{answer['you']['text']} ({answer['you']['at'][:16].replace('T', ' ')} UTC)"] if answer["you"] else []
    click.echo("\n".join([answer["answer"], *you, "", *lines]))


@click.command()
@click.argument("id", type=int)
@click.option("--note", help="Written into its history.")
@click.option("--until", help="RFC 3339: it returns by itself then.")
@click.option("--for", "length", type=Length(), help="The same as a length: 30m, 2h, 1d.")
@api_command
def ack(api: Api, id: int, note: str | None, until: str | None, length: timedelta | None) -> Any:
    """Acknowledge: you look after it, and nobody else is paged."""
    until = _until(until, length)
    answer = api.call("POST", f"/alert-groups/{id}/acknowledge", {"until": until} if until else None)
    if note:
        api.post(f"/alert-groups/{id}/notes", text=note)
    return answer, f"Acknowledged alert {id}."


@click.command()
@click.argument("id", type=int)
@api_command
def unack(api: Api, id: int) -> Any:
    """Take an acknowledgement back."""
    return api.call("POST", f"/alert-groups/{id}/unacknowledge"), f"Alert {id} is open again."


@click.command()
@click.argument("id", type=int)
@api_command
def resolve(api: Api, id: int) -> Any:
    """Resolve an alert group."""
    return api.call("POST", f"/alert-groups/{id}/resolve"), f"Resolved alert {id}."


@click.command()
@click.argument("id", type=int)
@api_command
def escalate(api: Api, id: int) -> Any:
    """Page the next step now."""
    return api.call("POST", f"/alert-groups/{id}/escalate"), f"Escalated alert {id}."


@click.command("page-now")
@click.argument("id", type=int)
@api_command
def page_now(api: Api, id: int) -> Any:
    """Let an alert group page now that waits for its hours, or that flaps."""
    return api.call("POST", f"/alert-groups/{id}/page-now"), f"Alert {id} pages now."


@click.command()
@click.argument("id", type=int)
@click.argument("verdict", type=click.Choice(["acted", "nothing", "duplicate", "false"]))
@api_command
def verdict(api: Api, id: int, verdict: str) -> Any:
    """Say what an alert group was: whether somebody had to act."""
    return api.post(f"/alert-groups/{id}/verdict", verdict=verdict), f"Noted for alert {id}."


@click.command()
@click.argument("id", type=int)
@click.option("--until", help="RFC 3339.")
@click.option("--for", "length", type=Length(), help="The same as a length: 30m, 2h, 1d.")
@click.option("--note", help="Written into its history.")
@api_command
def snooze(api: Api, id: int, until: str | None, length: timedelta | None, note: str | None) -> Any:
    """Leave an alert group alone until then; afterwards paging goes on where it stopped."""
    if not until and not length:
        raise click.UsageError("Say for how long: --for 30m, or --until with a time.")
    answer = api.post(f"/alert-groups/{id}/snooze", until=_until(until, length), note=note)
    return answer, f"Snoozed alert {id} until {text(answer['returns_at'])}."


@click.command()
@click.argument("id", type=int)
@click.argument("email")
@click.option("--note", help="What they should know.")
@api_command
def reassign(api: Api, id: int, email: str, note: str | None) -> Any:
    """Give an alert group to somebody: they are paged at once."""
    return api.post(f"/alert-groups/{id}/reassign", person=email, note=note), f"Given alert {id} to {email}."


@click.command("ask-help")
@click.argument("id", type=int)
@click.argument("email")
@click.option("--note", help="What you need.")
@api_command
def ask_help(api: Api, id: int, email: str, note: str | None) -> Any:
    """Page somebody to help with an alert group; whoever has it keeps it."""
    return api.post(f"/alert-groups/{id}/responders", person=email, note=note), f"Asked {email} to help."


@click.command()
@click.argument("id", type=int)
@click.argument("text")
@api_command
def note(api: Api, id: int, text: str) -> Any:
    """Write a note on an alert group."""
    return api.post(f"/alert-groups/{id}/notes", text=text), f"Noted on alert {id}."


@click.command()
@click.argument("people", nargs=-1, metavar="EMAIL...")
@click.option(
    "--team", "teams", multiple=True, metavar="SLUG", help="Everybody there who may respond; may be repeated."
)
@click.option("--policy", default="", metavar="SLUG", help="Whoever this escalation policy says, in its order.")
@click.option("--title", required=True)
@click.option("--body", default="")
@click.option("--urgent/--not-urgent", default=True, show_default=True)
@api_command
def page(api: Api, people: tuple[str, ...], teams: tuple[str, ...], **fields: Any) -> Any:
    """Page people or teams directly, again and again until one of them answers; or carry out an escalation policy.

    You yourself are left out, unless you name yourself or nobody else can be reached.
    """
    whom = {"people": list(people), "teams": list(teams)}
    names = ", ".join((*people, *teams)) or fields["policy"]
    made = api.call("POST", "/pages", given(fields) | whom)
    return made, f"Paged {names}. Who was told, and by what: watchroom escalation {made['id']}"


commands = [
    alerts,
    alert,
    why,
    ack,
    unack,
    resolve,
    escalate,
    page_now,
    snooze,
    reassign,
    ask_help,
    verdict,
    note,
    page,
]
