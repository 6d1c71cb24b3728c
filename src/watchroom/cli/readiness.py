"""`watchroom readiness`: what teams still lack before the next incident."""

from __future__ import annotations

import sys
from typing import Any

import click

from .client import Api, api_command, given
from .show import facts, table

_LEVELS = ("will-hurt", "mend", "nice")


@click.command()
@click.option("--team", help="Slug of one team: what it lacks at this moment.")
@click.option("--installation", is_flag=True, help="What the installation lacks.")
@click.option(
    "--fail-on", type=click.Choice(_LEVELS), help="Exit with 1 if something of this level, or worse, is lacking."
)
@click.option("--cursor", help="From the page before.")
@api_command
def readiness(api: Api, team: str | None, installation: bool, fail_on: str | None, cursor: str | None) -> Any:
    """What teams still lack before the next incident."""
    if team is None and not installation:
        answer = api.get("/readiness", cursor=cursor, limit=200)
        columns = ("team", "percent", "will_hurt", "mend", "nice", "put_off", "next")
        _fail(fail_on, {level for row in answer["items"] for level in _LEVELS if row[level.replace("-", "_")]})
        return answer, table(*columns, empty="No team of yours has been looked at yet.")
    answer = api.get("/readiness/installation" if installation else f"/readiness/teams/{team}")
    _fail(fail_on, {each["level"] for each in answer["lacks"]})
    return answer, _lacking


def _fail(on: str | None, found: set[str]) -> None:
    """Once all is printed, end with 1 if something of this level or worse was found."""
    if on is not None and found & set(_LEVELS[: _LEVELS.index(on) + 1]):
        click.get_current_context().call_on_close(lambda: sys.exit(1))


def _lacking(answer: Any) -> None:
    click.echo(f"{answer['percent']} % of {answer['looked']} things are fine.")
    table("level", "key", "text", "since", empty="Nothing is lacking.")(answer["lacks"])
    if answer["put_off"]:
        click.echo("\nPut off")
        table("key", "text", "put_off_until", "put_off_by", "put_off_reason")(answer["put_off"])


@click.command("put-off")
@click.argument("key")
@click.option("--team", help="Slug; without it, of the installation.")
@click.option("--until", required=True, metavar="DAY", help="When it comes back, such as 2026-05-01.")
@click.option("--reason", required=True, help="Why it can wait.")
@api_command
def put_off(api: Api, key: str, team: str | None, until: str, reason: str) -> Any:
    """Put something that is lacking off until a day; it comes back."""
    body = {"key": key, "team": team, "until": until, "reason": reason}
    return api.call("POST", "/readiness/put-off", body), f"It comes back on {until}."


@click.command("take-up")
@click.argument("key")
@click.option("--team", help="Slug; without it, of the installation.")
@api_command
def take_up(api: Api, key: str, team: str | None) -> Any:
    """Mend now after all what was put off."""
    return api.call("POST", "/readiness/take-up", {"key": key, "team": team}), "It is to be mended now."


@click.command("readiness-thresholds")
@click.option("--silent-days", type=int, help="An integration from which nothing has come. Of each, 0: not looked at.")
@click.option("--tray-most", type=int, help="Messages that wait in an integration's tray.")
@click.option("--waiting-days", type=int, help="A heartbeat that was never pinged.")
@click.option("--practised-days", type=int, help="Since the last drill.")
@click.option("--postmortem-days", type=int, help="An incident without its published postmortem.")
@click.option("--unread-days", type=int, help="Somebody who has not read the process.")
@click.option("--reset", is_flag=True, help="All as they come.")
@api_command
def thresholds(api: Api, reset: bool, **said: int | None) -> Any:
    """From when on something counts as lacking; with an option, say it."""
    path = "/readiness/thresholds"
    if reset:
        return api.call("DELETE", path), facts
    wanted = given(said)
    return api.call("PUT" if wanted else "GET", path, wanted or None), facts


commands = [readiness, put_off, take_up, thresholds]
