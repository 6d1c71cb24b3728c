"""Making what is there into what is wanted, through the packages' own commands, in one transaction."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from ..accounts.actors import Actor
from ..insights.pay_rules import today
from ..intake.journal import tidy
from ..kernel import clock
from ..kernel.errors import WatchroomError
from ..kernel.plugins import all_of
from ..oncall import commands as oncall
from ..oncall.models import Calendar
from . import alerting, announced, saving
from .current import read
from .difference import State, Step, plan
from .finding import find
from .parts import Hidden, plain_time
from .saving import save_service, save_temporaries
from .saying import Past, with_defaults
from .schema import KEYS, Document, defaults, state_of

Fields = dict[str, Any]


def preview(document: Document, *, prune: bool = False) -> list[Step]:
    """What applying ``document`` would do."""
    current = read()
    return _planned(Past.of(document), document, current, prune)[1]


def left_alone(document: Document) -> list[str]:
    """What its source said before and ``document`` says no more, and what is there still: it stays, unless applied with ``prune``."""
    past = Past.of(document)
    return past.left(read()) if past.own else []


def _planned(past: Past, document: Document, current: State, prune: bool) -> tuple[State, list[Step]]:
    said = state_of(document)
    wanted = _sorted(with_defaults(said, past.taken_back()) if prune else said, current)
    return wanted, plan(current, wanted, prune=prune, may_go=past.may_go)


def rehearse(by: Actor, document: Document, *, prune: bool = False) -> list[Step]:
    """What applying ``document`` would do: it is applied, and all of it taken back.

    :raises WatchroomError: it would be refused, just so.
    """
    try:
        with transaction.atomic():
            steps, _ = _apply(by, document, prune)
            transaction.set_rollback(True)
    finally:
        tidy()
    return steps


def apply(by: Actor, document: Document, *, prune: bool = False) -> tuple[list[Step], dict[str, str]]:
    """Apply ``document``: all of it, or nothing. Returns what was done, and the keys of new integrations, and secrets of new
    webhooks, by slug.

    :raises WatchroomError: something is not accepted; names the thing, the field, the value and the fix.
    """
    try:
        return _apply(by, document, prune)
    except Exception:
        tidy()
        raise


def _apply(by: Actor, document: Document, prune: bool) -> tuple[list[Step], dict[str, str]]:
    keys: dict[str, str] = {}
    with transaction.atomic():
        current = read()
        past = Past.of(document)
        wanted, steps = _planned(past, document, current, prune)
        replaced: list[tuple[str, list[Fields]]] = []  # schedules' temporary ones, once all schedules are there
        later: list[tuple[str, list[str]]] = []  # services' needs, once all services are there
        for step in steps:
            try:
                if step.verb == "delete":
                    delete = (
                        announced.call_off
                        if step.kind == announced.KIND
                        else (saving.DELETE | alerting.DELETE)[step.kind]
                    )
                    delete(by, find(step.kind, step.key))
                    continue
                fields = {
                    **defaults(step.kind),
                    **current.get(step.kind, {}).get(step.key, {}),
                    **wanted[step.kind][step.key],
                }
                thing = find(step.kind, step.key) if step.verb == "change" else None
                if step.kind == "schedules" and "temporary" in step.changes:
                    replaced.append((step.key, fields["temporary"]))
                if step.kind == "services" and fields["needs"]:
                    later.append((step.key, fields["needs"]))
                if step.kind in alerting.SAVE or step.kind == announced.KIND:
                    save = announced.save if step.kind == announced.KIND else alerting.SAVE[step.kind]
                    save(by, thing, fields, find)
                    continue
                key = saving.SAVE[step.kind](by, thing, fields)
                if isinstance(key, str):
                    keys[step.key if step.kind == "integrations" else f"{step.kind} {step.key}"] = key
            except WatchroomError as error:
                error.field = f"{step.kind}[{step.key}].{error.field}".rstrip(".")
                raise
        for slug, temporary in replaced:
            save_temporaries(by, slug, temporary, current.get("schedules", {}).get(slug, {}).get("temporary", []))
        for slug, needs in later:
            save_service(by, find("services", slug), {**read()["services"][slug], "needs": needs}, with_needs=True)
        past.remember(read() if steps else current, prune=prune)
    return steps, keys


def _sorted(wanted: State, current: State) -> State:
    """In the order in which things can be made, members and needs in the order in which they are read back."""
    ordered = {kind: wanted[kind] for kind in KEYS if kind in wanted}
    for person in ordered.get("people", {}).values():
        if person.get("notification_rules", ()) is None:  # as they set it themselves
            del person["notification_rules"]
    for process in ordered.get("process", {}).values():
        if process.get("big_change", ()) is None:  # the last one stays the last one
            del process["big_change"]
    for team in ordered.get("teams", {}).values():
        if "members" in team:
            team["members"] = sorted(team["members"], key=lambda member: member["email"])
        if "pay_later" in team:
            later = sorted(team["pay_later"], key=lambda each: str(each["valid_from"]))
            for each in later:  # what was planned and has begun since
                if each["valid_from"] <= today().isoformat():
                    team["pay"] = each["pay"]
            team["pay_later"] = [each for each in later if each["valid_from"] > today().isoformat()]
    for service in ordered.get("services", {}).values():
        if "needs" in service:
            service["needs"] = sorted(service["needs"])
    for schedule in ordered.get("schedules", {}).values():
        if "temporary" in schedule:  # what is over is history
            open_ones = [each for each in schedule["temporary"] if each["ends_at"] > plain_time(clock.now())]
            schedule["temporary"] = sorted(open_ones, key=lambda each: str(each["starts_at"]))
        if "calendars" in schedule:
            schedule["calendars"] = sorted(schedule["calendars"], key=lambda each: str(each["name"]))
    _hide_addresses(ordered)
    _fill_runners(ordered, current)
    alerting.completed(ordered, current)
    announced.completed(ordered, current)
    return ordered


def _hide_addresses(wanted: State) -> None:
    """Addresses of calendars are secrets, which what is there does not show: one that is known already is no change, and what
    is new is not printed."""
    for slug, schedule in wanted.get("schedules", {}).items():
        said = [each for each in schedule.get("calendars", ()) if each["url"]]
        known = dict(Calendar.objects.filter(schedule__slug=slug).values_list("name", "url")) if said else {}
        for each in said:
            each["url"] = None if oncall.address_of(each["url"]) == known.get(each["name"]) else Hidden(each["url"])


def _fill_runners(wanted: State, current: State) -> None:
    """What a runner takes where nothing is said, so that a file is compared with what it means."""
    plugins = all_of("watchroom.runners")
    known = {**current.get("runners", {}), **wanted.get("runners", {})}
    for runner in wanted.get("runners", {}).values():
        if "settings" in runner and (plugin := plugins.get(runner["kind"])):
            runner["settings"] = {f.name: f.default for f in plugin.fields if f.default} | runner["settings"]
    for slug, mitigation in wanted.get("mitigations", {}).items():
        before = current.get("mitigations", {}).get(slug, {})
        runner = known.get(mitigation.get("runner", before.get("runner")) or "", {})
        plugin = plugins.get(runner.get("kind", ""))
        if plugin and "inputs" in mitigation:
            mitigation["inputs"] = {f.name: f.default for f in plugin.inputs if f.default} | mitigation["inputs"]
