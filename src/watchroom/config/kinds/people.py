"""People, with how they are reached, and teams, with what they ask of whoever is on call."""

from __future__ import annotations

from dataclasses import fields as fields_of
from datetime import date, time
from typing import Any

from ...accounts import commands as accounts
from ...accounts.actors import Actor
from ...accounts.models import Person, Team
from ...accounts.roles import Role
from ...insights.bearing import set_limits
from ...insights.commands import set_weekly_list
from ...insights.limits import limits_of
from ...insights.models import WeeklyList
from ...insights.pay_rules import book_of, in_force, plan_pay, today
from ...insights.rules.limits import Limits
from ...paging import commands as paging
from ...paging import order
from ...paging.models import QuietHours
from ..difference import State
from ._kind import Fields, Find, Kind, by_column


def _people() -> dict[str, Fields]:
    return {
        person.email: {
            "email": person.email,
            "name": person.name,
            "role": Role(person.role).word,
            "timezone": person.timezone,
            "quiet_hours": _quiet(getattr(person, "quiet_hours", None)),
            "notification_rules": _notification_rules(person),
        }
        for person in Person.objects.filter(is_active=True)
        .select_related("quiet_hours", "notification_plan")
        .prefetch_related("contact_methods", "notification_rules")
        .order_by("email")
    }


def _quiet(row: QuietHours | None) -> dict[str, str] | None:
    return {"starts": f"{row.starts:%H:%M}", "ends": f"{row.ends:%H:%M}"} if row else None


def _notification_rules(person: Person) -> order.Plan | None:
    """In what order somebody is reached, by kinds of ways: without numbers, addresses and what is confirmed."""
    plan = getattr(person, "notification_plan", None)
    rules: dict[str, list[tuple[int, int]]] = {urgency: [] for urgency in order.URGENCIES}
    for rule in sorted(person.notification_rules.all(), key=lambda rule: (rule.wait_seconds, rule.contact_method_id)):
        rules[rule.urgency].append((rule.contact_method_id, rule.wait_seconds))
    ways = [(way.pk, way.channel, way.label) for way in person.contact_methods.all()]
    return order.written(plan.rules if plan else None, ways, rules)


def _save_person(by: Actor, person: Person | None, fields: Fields, find: Find) -> None:
    own = {name: value for name, value in fields.items() if name not in ("quiet_hours", "notification_rules")}
    if person is None:
        person = accounts.create_person(by, **own)
    else:
        accounts.change_person(by, person, **{name: value for name, value in own.items() if name != "email"})
    quiet = fields["quiet_hours"] or {}
    times = [time.fromisoformat(quiet[name]) if quiet else None for name in ("starts", "ends")]
    row = QuietHours.objects.filter(person=person).first()
    if ([row.starts, row.ends] if row else [None, None]) != times:
        paging.set_quiet_hours(by, person, *times)
    if fields["notification_rules"] not in (None, _notification_rules(person)):
        paging.set_plan(by, person, fields["notification_rules"])


def _complete_people(wanted: State, current: State) -> None:
    for person in wanted.get("people", {}).values():
        if person.get("notification_rules", ()) is None:  # as they set it themselves
            del person["notification_rules"]


def _teams() -> dict[str, Fields]:
    rows = Team.objects.select_related("load_limits", "weekly_list").prefetch_related("memberships__person", "pay")
    return {row.slug: _team(row) for row in rows}


def _team(team: Team) -> Fields:
    members = sorted(team.memberships.all(), key=lambda each: each.person.email)
    limits, book = getattr(team, "load_limits", None), book_of(team)
    pay = in_force(book, today())
    return {
        "slug": team.slug,
        "name": team.name,
        "description": team.description,
        "members": [{"email": each.person.email, "role": Role(each.role).word} for each in members],
        "limits": {each.name: getattr(limits, each.name) for each in fields_of(Limits)} if limits else None,
        "weekly_list": getattr(team, "weekly_list", None) is not None,
        "pay": pay.rules.data() if pay and pay.rules else None,
        "pay_later": [
            {"valid_from": each.valid_from.isoformat(), "pay": each.rules.data() if each.rules else None}
            for each in book.versions
            if each.valid_from > today()
        ],
    }


def _save_team(by: Actor, team: Team | None, fields: Fields, find: Find) -> None:
    saved = accounts.save_team(by, team, name=fields["name"], slug=fields["slug"], description=fields["description"])
    wanted = {member["email"].lower(): member["role"] for member in fields["members"]}
    for membership in saved.memberships.select_related("person"):
        if membership.person.email.lower() not in wanted:
            accounts.remove_member(by, saved, membership.person)
    for email, role in wanted.items():
        accounts.set_member(by, saved, find("people", email), role)
    if (fields["limits"] is not None) or limits_of(saved)[1] is not None:
        set_limits(by, saved, fields["limits"])
    if fields["weekly_list"] != WeeklyList.objects.filter(team=saved).exists():
        set_weekly_list(by, saved, fields["weekly_list"])
    later = {date.fromisoformat(each["valid_from"]): each["pay"] for each in fields["pay_later"]}
    plan_pay(by, saved, fields["pay"], later)


def _complete_teams(wanted: State, current: State) -> None:
    for team in wanted.get("teams", {}).values():
        if "members" in team:
            team["members"] = sorted(team["members"], key=lambda member: str(member["email"]))
        if "pay_later" in team:
            later: list[dict[str, Any]] = sorted(team["pay_later"], key=lambda each: str(each["valid_from"]))
            for each in later:  # what was planned and has begun since
                if each["valid_from"] <= today().isoformat():
                    team["pay"] = each["pay"]
            team["pay_later"] = [each for each in later if each["valid_from"] > today().isoformat()]


KINDS = (
    Kind(
        "people", _people, by_column(Person, "email__iexact"), _save_person, accounts.deactivate_person,
        complete=_complete_people,
    ),
    Kind("teams", _teams, by_column(Team), _save_team, accounts.delete_team, complete=_complete_teams),
)  # fmt: skip
