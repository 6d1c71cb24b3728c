"""Commands for who is on call."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import click

from ..kernel import clock
from .client import Api, api_command, given
from .show import facts, sheet, table

AT_ONCE = 200  # rows of one page


@click.group()
def oncall() -> None:
    """Who is on call."""


@oncall.command()
@click.option("--at", help="An instant, RFC 3339; without it, now.")
@click.option("--team", help="Slug: only its schedules.")
@click.option("--schedule", help="Slug: only this one.")
@click.option("--person", help="Id or e-mail address: only where they are on call.")
@click.option("--cursor", help="Only those after the page before; say the same --at again.")
@api_command
def who(api: Api, **query: str | None) -> Any:
    """Who is on call, by schedule."""
    found = answer = api.get("/on-call", limit=AT_ONCE, **query)
    query["at"] = found["at"]  # all pages of one instant
    while cursor := answer["next_cursor"]:
        answer = api.get("/on-call", limit=AT_ONCE, **(query | {"cursor": cursor}))
        found["items"] += answer["items"]
    return found | {"next_cursor": None}, table("schedule", "name", "team", "people", empty="No schedules.")


@oncall.command()
@click.option("--from", "start", required=True, help="RFC 3339.")
@click.option("--to", "end", required=True, help="RFC 3339.")
@click.option("--schedule", help="Slug; without it, all.")
@api_command
def shifts(api: Api, start: str, end: str, schedule: str | None) -> Any:
    """Who is on call from when until when."""
    slugs = [schedule] if schedule else _all_schedules(api)
    found: list[dict[str, Any]] = []
    for slug in slugs:
        answer = api.call("GET", f"/schedules/{slug}/shifts", **{"from": start, "to": end})
        rows = answer["items"] if isinstance(answer, dict) else answer
        found += [{"schedule": slug, **row} for row in rows]
    return {"items": found}, table("schedule", "starts_at", "ends_at", "person", empty="No shifts.")


def _all_schedules(api: Api) -> list[str]:
    found, cursor = [], None
    while True:
        page = api.get("/schedules", limit=200, cursor=cursor)
        found += [each["slug"] for each in page["items"]]
        if (cursor := page["next_cursor"]) is None:
            return found


@oncall.command()
@click.argument("slug")
@click.argument("email")
@click.option("--from", "starts_at", help="RFC 3339; without it, or where it has passed, now.")
@click.option("--to", "ends_at", required=True, help="RFC 3339.")
@click.option("--instead-of", "replaces", help="Id or e-mail address; without it, instead of everybody.")
@click.option("--reason")
@click.option("--preview", is_flag=True, help="Only say who would gain and lose which time.")
@api_command
def override(api: Api, slug: str, email: str, preview: bool, **fields: Any) -> Any:
    """Somebody takes a schedule for a while."""
    if preview:
        found = api.post(f"/schedules/{slug}/overrides/preview", person=email, **fields)
        return found, table("starts_at", "ends_at", "loses", "gains", empty="Nothing would change.")
    return api.post(f"/schedules/{slug}/overrides", person=email, **fields), facts


@oncall.command()
@click.argument("slug")
@click.option("--from", "start", help="RFC 3339; without it, now.")
@click.option("--to", "end", help="RFC 3339; without it, 60 days later.")
@api_command
def quality(api: Api, slug: str, start: str | None, end: str | None) -> Any:
    """How good a schedule is, and what would make it better."""
    return api.call("GET", f"/schedules/{slug}/quality", **{"from": start, "to": end}), facts


@oncall.command("cover")
@click.argument("slug")
@click.argument("person", required=False)
@click.option("--minutes", type=click.IntRange(5, 7 * 24 * 60), default=60, show_default=True)
@click.option("--rest-of-shift", is_flag=True, help="Until your shift ends.")
@click.option("--from", "start", help="Without a person: RFC 3339; left out, now.")
@click.option("--to", "end", help="Without a person: RFC 3339; left out with the beginning, --minutes later.")
@api_command
def cover(
    api: Api, slug: str, person: str | None, minutes: int, rest_of_shift: bool, start: str | None, end: str | None
) -> Any:
    """PERSON (id or e-mail address) covers for you from now on, and is told. Without a person: who could, the fewest recent
    nights first."""
    if person:
        if start or end:
            raise click.UsageError("With a person it begins now: use --minutes, or ask for cover with `oncall offer`.")
        body = {"person": person, "minutes": None if rest_of_shift else minutes}
        return api.call("POST", f"/schedules/{slug}/cover", body), facts
    if not start and not end:
        start, end = (at.isoformat() for at in (clock.now(), clock.now() + timedelta(minutes=minutes)))
    found = api.call("GET", f"/schedules/{slug}/cover", **{"from": start, "to": end})
    return found, table("person", "nights", "hours", empty="Nobody is free.")


@oncall.command("take")
@click.argument("slug")
@click.option("--person", help="From whom: id or e-mail address; without it, whoever is on call then.")
@click.option("--from", "starts_at", help="RFC 3339; without it, now.")
@click.option("--to", "ends_at", help="RFC 3339; without it, the end of their shift.")
@api_command
def take(api: Api, slug: str, **fields: Any) -> Any:
    """Take over somebody's shift; they are told."""
    return api.post(f"/schedules/{slug}/take", **fields), facts


@oncall.command()
@api_command
def swaps(api: Api) -> Any:
    """Shifts that are offered."""
    found = api.get("/swaps", state="offered")
    return found, table("id", "schedule", "offered_by", "starts_at", "ends_at", "reason", empty="No offers.")


@oncall.command("offer")
@click.argument("slug")
@click.option("--from", "starts_at", required=True, help="RFC 3339.")
@click.option("--to", "ends_at", required=True, help="RFC 3339.")
@click.option("--reason")
@click.option("--ask", "to", multiple=True, help="Only this person (id or e-mail address); may be said again.")
@api_command
def offer(api: Api, slug: str, to: tuple[str, ...], **fields: Any) -> Any:
    """Ask to be covered for a shift of your own: everybody who could, or only these."""
    return api.post(f"/schedules/{slug}/swaps", to=list(to) or None, **fields), facts


@oncall.command("swap")
@click.argument("number", type=int)
@click.argument("what", type=click.Choice(["take", "decline", "withdraw"]))
@api_command
def swap(api: Api, number: int, what: str) -> Any:
    """Take or decline an offered shift, or withdraw your own offer."""
    return api.post(f"/swaps/{number}/{what}"), facts


@oncall.command()
@click.option("--person", help="Id or e-mail address; without it, everybody.")
@api_command
def absences(api: Api, person: str | None) -> Any:
    """Who is away."""
    found = api.get("/absences", person=person)
    return found, table("id", "person", "starts_at", "ends_at", "reason", "paged", empty="Nobody is away.")


@oncall.command("away")
@click.option("--from", "starts_at", required=True, help="RFC 3339.")
@click.option("--to", "ends_at", required=True, help="RFC 3339.")
@click.option("--person", help="Id or e-mail address; without it, yourself.")
@click.option("--reason")
@click.option("--paged/--not-paged", default=True, help="Whether pages reach them all the same.")
@api_command
def away(api: Api, **fields: Any) -> Any:
    """Enter an absence."""
    return api.post("/absences", **fields), facts


@oncall.command("back")
@click.argument("number", type=int)
@api_command
def back(api: Api, number: int) -> Any:
    """Remove an absence."""
    return api.call("DELETE", f"/absences/{number}"), facts


@oncall.command("import-absences")
@click.argument("file", type=click.File("r", encoding="utf-8"))
@api_command
def import_absences(api: Api, file: Any) -> Any:
    """Read absences from a CSV file with the columns email, from, to, reason."""
    return api.post("/absences/import", csv=file.read()), facts


@oncall.command("calendar")
@click.argument("name")
@click.argument("address")
@click.option("--schedule", help="Slug: its shifts. Without it, your own absences.")
@click.option("--precedence", type=int, help="Of entries that name no level.")
@api_command
def calendar(api: Api, address: str, **fields: Any) -> Any:
    """Read an iCalendar address every ten minutes."""
    return api.post("/calendars", url=address, **fields), facts


@oncall.command("feed")
@click.option("--schedule", help="Slug.")
@click.option("--team", help="Slug.")
@api_command
def feed(api: Api, **fields: Any) -> Any:
    """A secret address for calendar programs; without options, of your own shifts."""
    return api.post("/feeds", **fields), facts


@oncall.command("plan")
@click.argument("slug")
@click.argument("people", nargs=-1)
@click.option("--from", "starts_at", help="The first hand-off, RFC 3339.")
@click.option("--turns", type=int, default=12, show_default=True)
@click.option("--unit", type=click.Choice(["hours", "days", "weeks", "months"]), default="weeks", show_default=True)
@click.option("--length", type=int, default=1, show_default=True)
@click.option("--most-in-a-row", type=int, default=1, show_default=True)
@click.option("--rest", type=int, default=1, show_default=True)
@click.option(
    "--rotation", help="Name of the rotation that is planned; the others stay. Without it, the whole schedule."
)
@click.option("--accept", is_flag=True, help="Put it into effect at once.")
@click.option("--take-back", is_flag=True, help="What was planned and lies ahead goes: the rotations count again.")
@api_command
def plan(
    api: Api, slug: str, people: tuple[str, ...], rotation: str | None, accept: bool, take_back: bool, **wishes: Any
) -> Any:
    """Let the planner propose a fair rota among these people (ids or e-mail addresses)."""
    if take_back:
        return api.call("DELETE", f"/schedules/{slug}/rota"), facts
    if not people or not wishes["starts_at"]:
        raise click.UsageError("Name the people and say --from, or --take-back.")
    if rotation:
        rows = api.get(f"/schedules/{slug}")["rotations"]
        wishes["rotation"] = next((row["id"] for row in rows if row["name"].lower() == rotation.lower()), None)
        if wishes["rotation"] is None:
            raise click.UsageError(f"It has no rotation {rotation}: {', '.join(row['name'] for row in rows)}.")
    found = api.post(f"/schedules/{slug}/plan", people=list(people), **wishes)
    if accept:
        accepted = {name: found[name] for name in ("shifts", "starts_at", "ends_at", "rotation")}
        api.post(f"/schedules/{slug}/rota", **accepted)
    return found, facts


@oncall.command("temporary")
@click.argument("slug")
@click.argument("people", nargs=-1)
@click.option("--name", help="What it is for. Without it: those that are there.")
@click.option("--from", "starts_at", help="RFC 3339.")
@click.option("--to", "ends_at", help="RFC 3339.")
@click.option("--other", help="Slug of a schedule that stands in, instead of people.")
@click.option("--unit", type=click.Choice(["hours", "days", "weeks", "months"]), default="weeks", show_default=True)
@click.option("--length", type=int, default=1, show_default=True)
@click.option("--preview", is_flag=True, help="Only say who would gain and lose which time.")
@click.option("--end", type=int, help="End the one with this number.")
@api_command
def temporary(
    api: Api, slug: str, people: tuple[str, ...], name: str | None, preview: bool, end: int | None, **fields: Any
) -> Any:
    """Replace a schedule for a while: PEOPLE (ids or e-mail addresses; with commas: on call together) take turns, or --other
    stands in."""
    path = f"/schedules/{slug}/temporary"
    if end:
        return api.call("DELETE", f"/temporary-schedules/{end}"), facts
    if not name:
        columns = ("id", "name", "starts_at", "ends_at", "other", "members")
        return api.get(path), table(*columns, empty="Nothing replaces it.")
    turns = [turn.split(",") for turn in people]
    if preview:
        found = api.post(f"{path}/preview", name=name, members=turns, **fields)
        return found, table("starts_at", "ends_at", "loses", "gains", empty="Nothing would change.")
    return api.post(path, name=name, members=turns, **fields), facts


@oncall.command("worked")
@click.argument("slug")
@click.option("--from", "start", help="RFC 3339; without it, 31 days before the end.")
@click.option("--to", "end", help="RFC 3339; without it, now.")
@click.option("--csv", "as_csv", is_flag=True, help="For a spreadsheet.")
@api_command
def worked(api: Api, slug: str, start: str | None, end: str | None, as_csv: bool) -> Any:
    """Who was on call, as it was written down while it passed; whatever the schedule says since."""
    found = api.call("GET", f"/schedules/{slug}/worked", **{"from": start, "to": end})
    columns = ("person", "starts_at", "ends_at", "why", "detail", "instead_of", "shadow", "correction", "taken_out")
    if as_csv:
        return found, lambda answer: sheet(columns, answer["items"])
    return found, lambda answer: table(*columns, empty="Nobody was on call.")(answer["items"])


@oncall.command("correct")
@click.argument("slug", required=False)
@click.argument("person", required=False)
@click.option("--from", "starts_at", help="RFC 3339.")
@click.option("--to", "ends_at", help="RFC 3339; it must have passed.")
@click.option("--reason", help="How you know; it stands beside the pay.")
@click.option("--instead-of", help="Id or e-mail address; without it, instead of everybody.")
@click.option("--nobody", is_flag=True, help="Nobody was on call then.")
@click.option("--take-back", type=int, help="The correction with this number was wrong.")
@api_command
def correct(api: Api, slug: str | None, person: str | None, nobody: bool, take_back: int | None, **fields: Any) -> Any:
    """PERSON (id or e-mail address) was on call in SLUG then, and it was never entered. The original stays beside it."""
    if take_back is not None:
        return api.call("DELETE", f"/corrections/{take_back}"), facts
    if not slug or bool(person) == nobody:
        raise click.UsageError("Name the schedule, and who was on call or --nobody.")
    return api.call("POST", f"/schedules/{slug}/corrections", {"person": person or None, **given(fields)}), facts


@oncall.command("group")
@click.argument("slug")
@click.argument("group", required=False)
@click.option("--chat", default="", help="Slug of the Slack workspace; without it, the only one.")
@click.option("--none", is_flag=True, help="None any more; who is in it stays in it.")
@click.option("--again", is_flag=True, help="Put it right now, whatever was told before.")
@api_command
def group(api: Api, slug: str, group: str | None, chat: str, none: bool, again: bool) -> Any:
    """The user group in Slack that holds whoever is on call in SLUG, and how that goes. GROUP (such as @payments-oncall) names
    another one."""
    if sum((bool(group), none, again)) > 1:
        raise click.UsageError("Name a group, or say --none, or --again.")
    if group or none:
        wanted = None if none else {"chat": chat, "group": group}
        answer = api.call("PATCH", f"/schedules/{slug}", {"chat_group": wanted})
    elif again:
        answer = api.call("POST", f"/schedules/{slug}/chat-group/again")
    else:
        answer = api.get(f"/schedules/{slug}")
    if answer["chat_group"]:
        return answer["chat_group"], facts
    return answer, f"No user group follows who is on call in {answer['name']}."


@oncall.command("remind")
@click.argument("slug")
@click.argument("hours", type=click.IntRange(0, 168))
@api_command
def remind(api: Api, slug: str, hours: int) -> Any:
    """Remind whoever comes on call in a schedule so many hours before; 0: not at all."""
    answer = api.call("PATCH", f"/schedules/{slug}", {"remind_hours": hours})
    return (
        answer,
        f"{answer['name']} reminds {hours} h before a shift." if hours else f"{answer['name']} reminds nobody.",
    )


@oncall.command("handoffs")
@click.option("--schedule", help="Slug; without it, all.")
@click.option("--mine", is_flag=True, help="Only those that wait for you.")
@api_command
def handoffs(api: Api, schedule: str | None, mine: bool) -> Any:
    """Shift changes, the latest first."""
    found = api.get("/hand-offs", schedule=schedule, mine="true" if mine else None)
    columns = ("id", "schedule", "at", "outgoing", "incoming", "written_at", "acknowledged_by")
    return found, table(*columns, empty="No hand-offs.")


@oncall.command("handoff")
@click.argument("number", type=int)
@api_command
def handoff(api: Api, number: int) -> Any:
    """What fired, what is open and what lies ahead at a shift change, with the note."""
    return api.get(f"/hand-offs/{number}"), facts


@oncall.command("note")
@click.argument("number", type=int)
@click.argument("text")
@api_command
def note(api: Api, number: int, text: str) -> Any:
    """Leave the next person a note at a shift change."""
    return api.call("PUT", f"/hand-offs/{number}/note", {"note": text}), facts


@oncall.command("acknowledge")
@click.argument("number", type=int)
@api_command
def acknowledge(api: Api, number: int) -> Any:
    """Say that you have read a hand-off."""
    return api.post(f"/hand-offs/{number}/acknowledge"), facts


commands = [oncall]
