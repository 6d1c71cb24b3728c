"""The translation itself: values in, a document and notes out. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import chain, count
from typing import Any

from ...intake.matchers import Matcher, checked, matchers
from ...intake.rules.intervals import IntervalError, as_data, interval
from .reading import Value, read, stated

EVERYTHING = 'alertname=~".*"'
ALWAYS = "always"
ROOT = "Alertmanager"
_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800, "y": 31_536_000}
_DURATION = re.compile(r"(?:([0-9]+)(y|w|d|h|ms|m|s))")

_WAITS = {  # in seconds, the least and the most that a route can have
    "group_wait": (0, 3_600),
    "group_interval": (1, 7 * 86_400),
    "repeat_interval": (300, 365 * 86_400),
}
_TOP = {"global", "templates", "route", "receivers", "inhibit_rules", "time_intervals", "mute_time_intervals"}
_ROUTE = {"receiver", "group_by", "group_wait", "group_interval", "repeat_interval", "continue", "matchers", "match",
          "match_re", "mute_time_intervals", "active_time_intervals", "routes"}  # fmt: skip
_RULE = {"name", "source_matchers", "source_match", "source_match_re", "target_matchers", "target_match",
         "target_match_re", "equal"}  # fmt: skip
_PAGERS = {"pagerduty_configs": "PagerDuty", "opsgenie_configs": "Opsgenie", "victorops_configs": "VictorOps",
           "pushover_configs": "Pushover", "incidentio_configs": "incident.io", "sns_configs": "SNS"}  # fmt: skip
_ROOMS = {"slack_configs": "Slack", "discord_configs": "Discord", "msteams_configs": "Microsoft Teams",
          "msteamsv2_configs": "Microsoft Teams", "telegram_configs": "Telegram", "webex_configs": "Webex",
          "mattermost_configs": "Mattermost", "rocketchat_configs": "Rocket.Chat", "wechat_configs": "WeChat",
          "jira_configs": "Jira"}  # fmt: skip


@dataclass(frozen=True)
class Note:
    """Something that is not, or not quite, what it was: where it stands, what became of it, and what to do."""

    line: int
    path: str
    text: str
    fix: str


@dataclass(frozen=True)
class Imported:
    """A document for ``watchroom apply``, and what is to be known about it. ``policies``: by receiver."""

    document: dict[str, Any]
    notes: tuple[Note, ...]
    policies: dict[str, str]


def translate(text: str, *, team: str, people: Collection[str] = (), policies: Collection[str] = ()) -> Imported:
    """Translate a file. Receivers become policies of ``team``, except where there is one with their slug among
    ``policies`` already; ``people`` are the e-mail addresses that are known.

    :raises Refused: it is not one that Alertmanager would load.
    """
    return _Translation(read(text), team, {each.lower() for each in people}, set(policies)).done()


def slug_of(name: str) -> str:
    """What a receiver or route is called here."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:60] or "receiver"


class _Translation:
    def __init__(self, root: Value, team: str, people: set[str], there: set[str]) -> None:
        self.root, self.team, self.people, self.there = root, team, people, there
        self.notes: list[Note] = []
        self.slugs: dict[str, str] = {}
        self.silent: set[str] = set()  # receivers that notify nobody
        self.policies: list[dict[str, Any]] = []
        self.routes: list[dict[str, Any]] = []
        self.intervals: dict[str, dict[str, Any]] = {}  # those that hold at some time
        self.stated_intervals: set[str] = set()
        self.always = ""

    def note(self, at: Value, text: str, fix: str) -> None:
        self.notes.append(Note(at.line, at.path, text, fix))

    def done(self) -> Imported:
        top = self.root.fields
        for name, value in top.items():
            if name not in _TOP:
                self.note(value, f"{name} is not taken over.", "Nothing needs to be done, or set it up in Watchroom.")
        self._global(stated(top, "global"))
        for each in stated(top, "templates").items:
            self.note(each, "Templates are not taken over.", "Watchroom writes its messages itself.")
        for name in ("time_intervals", "mute_time_intervals"):
            for each in stated(top, name).items:
                self._interval(each)
        for each in stated(top, "receivers").items:
            self._receiver(each)
        route = top.get("route")
        if route is None:
            raise self.root.refused("There is no route.", "Give an alertmanager.yml with a route.")
        self._root(route)
        rules = [self._rule(each, number) for number, each in enumerate(stated(top, "inhibit_rules").items)]
        document: dict[str, Any] = {"version": 1}
        parts = {
            "policies": self.policies,
            "time_intervals": list(self.intervals.values()),
            "routes": self.routes,
            "inhibit_rules": rules,
        }
        document |= {name: things for name, things in parts.items() if things}
        return Imported(document, tuple(sorted(self.notes, key=lambda note: note.line)), self.slugs)

    def _global(self, value: Value) -> None:
        for name, each in value.fields.items():
            if name == "resolve_timeout":
                self.note(
                    each,
                    "The resolve timeout is not taken over: Watchroom has its own for each kind of sender.",
                    "Prometheus states the end of its alerts itself; nothing needs to be done.",
                )
            else:
                self.note(
                    each,
                    f"{name} is not taken over: people are reached by their own contact methods.",
                    "Have everybody add theirs, or set the channel up in Watchroom's settings.",
                )

    # --- Time intervals ---

    def _interval(self, value: Value) -> None:
        fields = value.fields
        name = stated(fields, "name").text
        if not name or name in self.intervals:
            raise value.refused("A time interval needs a name of its own.", "Give each one another name.")
        self.stated_intervals.add(name)
        parts = stated(fields, "time_intervals").items
        if not parts:
            self.note(
                value,
                f"The time interval {name} never holds and is left out, with what names it.",
                "State times, or take it out.",
            )
            return
        for part in parts:
            if not part.fields:
                raise part.refused("A time interval states nothing.", "State times, weekdays or the like.")
        try:
            read_ = interval(name, [part.plain() for part in parts])
        except IntervalError as error:
            raise value.refused(f"{error.field} of the time interval {name}: {error.value!r}.", error.fix) from None
        self.intervals[name] = {"name": name, "intervals": as_data(read_)}

    def _at_all_times(self) -> str:
        """The name of an interval that always holds."""
        if not self.always:
            names = chain([ALWAYS], (f"{ALWAYS} {number}" for number in count(2)))
            self.always = next(name for name in names if name not in self.intervals)
            self.intervals[self.always] = {"name": self.always, "intervals": [{}]}
        return self.always

    # --- Receivers ---

    def _receiver(self, value: Value) -> None:
        fields = value.fields
        name = stated(fields, "name").text
        if not name or name in self.slugs:
            raise value.refused("A receiver needs a name of its own.", "Give each one another name.")
        slug, number = slug_of(name), 2
        while slug in self.slugs.values():
            slug, number = f"{slug_of(name)}-{number}", number + 1
        self.slugs[name] = slug
        configs = {key: each for key, each in fields.items() if key.endswith("_configs") and each.items}
        for key, each in fields.items():
            if key not in {"name", *configs} and not key.endswith("_configs"):
                self.note(each, f"{key} of the receiver {name} is not taken over.", "Nothing needs to be done.")
        if not configs:
            self.silent.add(name)
            self.note(
                value,
                f"The receiver {name} notifies nobody: its routes are muted at all times. Its alerts stay visible.",
                "Give its routes a policy and take the mute interval away if somebody should be paged after all.",
            )
        if slug in self.there:
            self.note(
                value,
                f"There is a policy {slug} already: the receiver {name} leads to it as it is.",
                "Change that policy, or rename the receiver to have a new one made.",
            )
            return
        targets: list[dict[str, Any]] = []
        for key, each in configs.items():
            for config in each.items:
                targets += self._targets(name, key, config)
        unique = [target for number, target in enumerate(targets) if target not in targets[:number]]
        if not any("person" in each or "team" in each for each in unique):
            unique.append({"team": self.team})
        self.policies.append(
            {
                "slug": slug,
                "name": name[:100],
                "team": self.team,
                "description": "From an Alertmanager receiver",
                "steps": [{"targets": unique}],
            }
        )

    def _targets(self, name: str, kind: str, config: Value) -> list[dict[str, Any]]:
        fields = config.fields
        if kind == "email_configs":
            return self._emails(name, stated(fields, "to"), config)
        if kind == "webhook_configs":
            url = stated(fields, "url")
            if not url.text or "{{" in url.text or not url.text.startswith(("http://", "https://")):
                self.note(
                    config,
                    f"A webhook of the receiver {name} has no plain address.",
                    f"Add it to the policy {self.slugs[name]} as a step.",
                )
                return []
            self.note(
                config,
                f"The webhook of the receiver {name} gets Watchroom's JSON, signed, instead of Alertmanager's.",
                "See docs/paging.md for its form, or send Alertmanager's form by a webhook contact method.",
            )
            for extra in sorted(set(fields) & {"http_config", "max_alerts", "timeout", "payload"}):
                self.note(fields[extra], f"{extra} of a webhook is not taken over.", "Check whether it is needed.")
            return [{"webhook": url.text}]
        if kind in _PAGERS:
            self.note(
                config,
                f"{_PAGERS[kind]} of the receiver {name} is replaced: Watchroom pages the team {self.team} itself.",
                f"Give the policy {self.slugs[name]} the schedule and the steps that {_PAGERS[kind]} had.",
            )
            return [{"team": self.team}]
        room = _ROOMS.get(kind, kind.removesuffix("_configs"))
        self.note(
            config,
            f"{room} of the receiver {name} is not taken over: a policy pages people, not rooms.",
            f"Connect {room} to Watchroom, or add a webhook step to the policy {self.slugs[name]}.",
        )
        return []

    def _emails(self, name: str, to: Value, config: Value) -> list[dict[str, Any]]:
        found = []
        for address in (each.strip() for each in to.text.split(",")):
            plain = address.rpartition("<")[2].rstrip(">").strip()
            if plain.lower() in self.people:
                found.append({"person": plain.lower()})
            elif plain:
                self.note(
                    to if to.line else config,
                    f"Nobody in Watchroom has the address {plain}, to which the receiver {name} writes.",
                    "Add the person first and import again, or give the policy another target.",
                )
        return found

    # --- Routes ---

    def _root(self, route: Value) -> None:
        fields = route.fields
        for name in ("matchers", "match", "match_re", "continue", "mute_time_intervals", "active_time_intervals"):
            if name in fields and (name != "continue" or fields[name].yes) and fields[name].data not in ("", [], {}):
                raise fields[name].refused(f"The root route can't have {name}.", "Put it on a route below.")
        receiver = stated(fields, "receiver").text
        if not receiver:
            raise route.refused("The root route has no receiver.", "Name one.")
        names: set[str] = {ROOT}
        root = self._route(route, ROOT, None, 0, receiver, names)
        root["matchers"] = [EVERYTHING]
        root.setdefault("group_by", [])
        root.setdefault("group_wait_seconds", 30)
        root.setdefault("group_interval_seconds", 300)
        self.note(
            route,
            f"Everything goes to the route {ROOT}, whichever integration it comes through.",
            "Move it below other routes by its position, or give it matchers.",
        )

    def _route(
        self, value: Value, name: str, parent: str | None, position: int, inherited: str, names: set[str]
    ) -> dict[str, Any]:
        """One route and those below it. ``inherited``: the receiver of the one above; ``names``: those that are taken."""
        fields = value.fields
        for key, each in fields.items():
            if key not in _ROUTE:
                self.note(each, f"{key} of a route is not taken over.", "Check whether it is needed.")
        said: dict[str, Any] = {"name": name, "parent": parent, "position": position}
        self.routes.append(said)
        said["matchers"] = [str(each) for each in self._matchers(fields, "")] or [EVERYTHING]
        receiver = stated(fields, "receiver")
        if receiver.text:
            inherited = receiver.text
            if inherited not in self.slugs:
                raise receiver.refused(f"There is no receiver {inherited!r}.", "Name one that there is.")
            said["policy"] = self.slugs[inherited]
        if stated(fields, "continue").yes:
            said["goes_on"] = True
        said |= self._grouping(fields) | self._times(fields, silent=inherited in self.silent)
        for number, child in enumerate(stated(fields, "routes").items):
            title = ", ".join(map(str, self._matchers(child.fields, "")))[:80] or f"{name} (all)"[:80]
            again = (f"{title} ({number})" for number in count(2))
            full = next(each for each in chain([title], again) if each not in names)
            names.add(full)
            self._route(child, full, name, number, inherited, names)
        return said

    def _grouping(self, fields: Mapping[str, Value]) -> dict[str, Any]:
        """By which labels alerts are one group, and how long each thing waits; only what is stated."""
        said: dict[str, Any] = {}
        labels = [each.text for each in stated(fields, "group_by").items]
        if len(set(labels)) < len(labels) or ("..." in labels and len(labels) > 1):
            raise fields["group_by"].refused("group_by names a label twice, or more than '...'.", "Name each once.")
        if labels:
            said["group_by"] = labels
        for key, (least, most) in _WAITS.items():
            if (wait := stated(fields, key)).text:
                said[f"{key}_seconds"] = self._seconds(wait, least, most)
        if "repeat_interval_seconds" in said:
            self.note(
                fields["repeat_interval"],
                "What still fires after the repeat interval is brought up again, also where somebody has it.",
                "Set repeat_interval_seconds to 0 if an acknowledgement should last until the end.",
            )
        return said

    def _times(self, fields: Mapping[str, Value], *, silent: bool) -> dict[str, list[str]]:
        """When the route is mute, and when it pages at all. ``silent``: its receiver notifies nobody."""
        mute = self._named(fields, "mute_time_intervals")
        active = self._named(fields, "active_time_intervals")
        never = not active and bool(stated(fields, "active_time_intervals").items)  # only such as never hold
        if silent or never:
            mute.append(self._at_all_times())
        said = {"mute_intervals": mute, "active_intervals": active}
        return {name: names for name, names in said.items() if names}

    def _named(self, fields: Mapping[str, Value], key: str) -> list[str]:
        """The intervals that a route names, without those that never hold."""
        names = stated(fields, key).items
        for each in names:
            if each.text not in self.stated_intervals:
                raise each.refused(f"There is no time interval {each.text!r}.", "Name one that there is.")
        return list(dict.fromkeys(each.text for each in names if each.text in self.intervals))

    def _matchers(self, fields: Mapping[str, Value], prefix: str) -> list[Matcher]:
        found: list[Matcher] = []
        for key, op in ((f"{prefix}match", "="), (f"{prefix}match_re", "=~")):
            for name, value in sorted(stated(fields, key).fields.items()):
                found.append(self._checked(Matcher(name, op, value.text), value))
        for each in stated(fields, f"{prefix}matchers").items:
            try:
                found += matchers(each.text)
            except ValueError as error:
                raise each.refused(f"That matcher can't be read: {error}.", 'Write for example team="db".') from None
        return found

    def _checked(self, test: Matcher, value: Value) -> Matcher:
        try:
            return checked(test)
        except ValueError as error:
            raise value.refused(f"That matcher can't be read: {error}.", "Use a regular expression of RE2.") from None

    def _seconds(self, value: Value, least: int, most: int) -> int:
        pieces = _DURATION.findall(value.text)
        if "".join(number + unit for number, unit in pieces) != value.text and value.text != "0":
            raise value.refused("That is not a duration.", "Write for example 30s, 5m or 4h.")
        exact = sum(int(number) * _UNITS[unit] for number, unit in pieces)
        seconds = min(max(-(-exact // 1), least), most)
        if seconds != exact:
            self.note(value, f"{value.text} becomes {seconds:.0f} seconds.", f"Use {least} to {most} seconds.")
        return int(seconds)

    # --- Inhibition ---

    def _rule(self, value: Value, number: int) -> dict[str, Any]:
        fields = value.fields
        for key, each in fields.items():
            if key not in _RULE:
                self.note(each, f"{key} of an inhibition rule is not taken over.", "Check whether it is needed.")
        sides = [self._matchers(fields, prefix) for prefix in ("source_", "target_")]
        stated_name = stated(fields, "name").text
        return {
            "name": (stated_name or f"{ROOT} {number + 1}")[:100],
            "source_matchers": [str(each) for each in sides[0]] or [EVERYTHING],
            "target_matchers": [str(each) for each in sides[1]] or [EVERYTHING],
            "equal": [each.text for each in stated(fields, "equal").items],
        }
