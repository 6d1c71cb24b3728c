"""The parts of a scenario: injects and expectations, read from what a form, a file or the API says. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

INJECTS = {
    "alert": "An alert fires",
    "alert_ends": "An alert ends",
    "message": "Somebody writes",
    "fact": "What somebody finds",
    "role_leaves": "Whoever has a role is called away",
}
EXPECTATIONS = {
    "acknowledged": "The first page is acknowledged",
    "declared": "An incident is declared",
    "role": "Somebody takes a role",
    "severity": "The severity is high enough",
    "update": "A first update is published",
    "promises": "Promised updates come in time",
    "mitigation": "A mitigation is tried",
    "hypothesis": "A hypothesis is written before something is changed",
    "handoff": "A role is handed over in writing",
    "resolved": "It is resolved",
}
TIMED = frozenset({"acknowledged", "declared", "role", "update", "mitigation", "resolved"})
ROLES = {
    "commander": "Commander",
    "operations": "Operations lead",
    "communications": "Communications lead",
    "scribe": "Scribe",
    "expert": "Subject expert",
}
MOST = 60  # injects of a scenario; as many expectations
LONGEST = 24 * 60  # minutes
LEAVES_AFTER = 5  # minutes from the word that somebody is called away until they are gone


class Wrong(ValueError):
    """A part makes no sense: ``field`` names it (``injects[2].title``), ``fix`` says what would."""

    def __init__(self, message: str, *, field: str, value: object, fix: str) -> None:
        super().__init__(message)
        self.message, self.field, self.value, self.fix = message, field, value, fix


@dataclass(frozen=True)
class Inject:
    """Something that happens ``minutes`` after the start; None: when the facilitator presses. ``title`` is what an alert is
    called, who a message is from, where a fact is found. ``alert``: the key of the alert that ends."""

    kind: str
    title: str = ""
    text: str = ""
    minutes: int | None = None
    key: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    alert: str = ""
    role: str = ""
    hint: str = ""

    def as_json(self) -> dict[str, Any]:
        """As a scenario keeps it: what says nothing is left out."""
        found: dict[str, Any] = {"kind": self.kind}
        if self.minutes is not None:
            found["minutes"] = self.minutes
        for name in ("title", "text", "key", "alert", "role", "hint"):
            if value := getattr(self, name):
                found[name] = value
        for name in ("labels", "annotations"):
            if value := dict(getattr(self, name)):
                found[name] = value
        return found

    @property
    def said(self) -> str:
        """What it is, in a line."""
        if self.kind == "role_leaves":
            return f"{ROLES.get(self.role, self.role)} is called away"
        if self.kind == "alert_ends":
            return f"The alert “{self.alert}” ends"
        return self.title


@dataclass(frozen=True)
class Expectation:
    """What should happen, and within how many minutes of the first signal where it has a time."""

    kind: str
    minutes: int | None = None
    role: str = ""
    severity: int | None = None

    def as_json(self) -> dict[str, Any]:
        """As a scenario keeps it."""
        found: dict[str, Any] = {"kind": self.kind}
        found |= {name: value for name in ("minutes", "severity") if (value := getattr(self, name)) is not None}
        return found | ({"role": self.role} if self.role else {})

    @property
    def said(self) -> str:
        """What is expected, in a line."""
        within = f" within {self.minutes} min" if self.minutes is not None else ""
        if self.kind == "role":
            return f"Somebody is {ROLES[self.role].lower()}{within}"
        if self.kind == "severity":
            return f"The severity is SEV{self.severity} or worse"
        return EXPECTATIONS[self.kind] + within


def _number(value: object, where: str, least: int, most: int) -> int:
    try:
        found = int(str(value))
    except ValueError:
        found = least - 1
    if not least <= found <= most:
        raise Wrong("That number is not accepted.", field=where, value=value, fix=f"Use {least} to {most}.")
    return found


def _words(value: object, where: str) -> dict[str, str]:
    if not isinstance(value, Mapping) or len(value) > 50:
        raise Wrong(
            "That is not a list of names and values.", field=where, value=str(value)[:80], fix="Write name: value."
        )
    found = {str(name).strip(): str(each) for name, each in value.items()}
    for name, each in found.items():
        if not name or len(name) > 200 or len(each) > 2000 or "\0" in name + each:
            raise Wrong("That name or value is not accepted.", field=where, value=name[:80], fix="Use shorter ones.")
    return found


def _text(value: object, where: str, most: int) -> str:
    text = str(value if value is not None else "").replace("\r\n", "\n").strip()
    if len(text) > most or "\0" in text:
        raise Wrong("That text is too long.", field=where, value=text[:40], fix=f"Use at most {most} letters.")
    return text


def _kind(each: object, where: str, kinds: Mapping[str, str], takes: set[str]) -> Mapping[str, Any]:
    if not isinstance(each, Mapping):
        raise Wrong(
            "That is not a part of a scenario.",
            field=where,
            value=str(each)[:80],
            fix="Say its kind and what it takes.",
        )
    kind = each.get("kind")
    if not isinstance(kind, str) or kind not in kinds:
        raise Wrong(
            "There is no such kind.", field=f"{where}.kind", value=str(kind)[:40], fix=f"Use one of {', '.join(kinds)}."
        )
    if unknown := sorted(str(name) for name in set(each) - takes):
        raise Wrong(
            "It takes no such thing.",
            field=f"{where}.{unknown[0][:40]}",
            value=kind,
            fix=f"It takes {', '.join(sorted(takes))}.",
        )
    return each


def _role(each: Mapping[str, Any], where: str) -> str:
    role = each.get("role")
    if not isinstance(role, str) or role not in ROLES:
        raise Wrong(
            "There is no such role.", field=f"{where}.role", value=str(role)[:40], fix=f"Use one of {', '.join(ROLES)}."
        )
    return role


def _key(title: str) -> str:
    """By which an alert without a key of its own is meant: what its title begins with."""
    return title[:60].strip()


_OF_INJECT = {"kind", "title", "text", "minutes", "key", "labels", "annotations", "alert", "role", "hint"}


def _inject(given: object, where: str) -> Inject:
    each = _kind(given, where, INJECTS, _OF_INJECT)
    kind: str = each["kind"]
    minutes = each.get("minutes")
    found = Inject(
        kind=kind,
        title=_text(each.get("title"), f"{where}.title", 150),
        text=_text(each.get("text"), f"{where}.text", 4000),
        minutes=None if minutes in (None, "") else _number(minutes, f"{where}.minutes", 0, LONGEST),
        hint=_text(each.get("hint"), f"{where}.hint", 500),
    )
    if kind == "role_leaves":
        return replace(found, role=_role(each, where))
    if kind == "alert_ends":
        return replace(found, alert=_key(_text(each.get("alert"), f"{where}.alert", 150)))
    if not found.title:
        needed = {"alert": "Give the alert a title.", "message": "Say who writes.", "fact": "Say where it is found."}
        raise Wrong("It has no title.", field=f"{where}.title", value="", fix=needed[kind])
    if kind == "alert":
        labels = _words(each.get("labels") or {}, f"{where}.labels")
        notes = _words(each.get("annotations") or {}, f"{where}.annotations")
        return replace(found, key=_text(each.get("key"), f"{where}.key", 60), labels=labels, annotations=notes)
    if not found.text:
        raise Wrong("It says nothing.", field=f"{where}.text", value="", fix="Write what is read.")
    return found


def kept(content: Mapping[str, Any]) -> Inject:
    """An inject as a drill has kept it, also where today's rules would not take it."""
    minutes = content.get("minutes")
    words = {name: content.get(name) for name in ("labels", "annotations")}
    fields: dict[str, Any] = {name: value for name, value in words.items() if isinstance(value, Mapping)}
    fields |= {name: str(content.get(name, "")) for name in ("title", "text", "key", "alert", "role", "hint")}
    return Inject(str(content.get("kind", "")), minutes=minutes if isinstance(minutes, int) else None, **fields)


def injects_of(given: Sequence[object]) -> tuple[Inject, ...]:
    """The injects of a scenario, in the order in which they come; those without a time last.

    :raises Wrong: one makes no sense, or ends an alert that is not there.
    """
    if len(given) > MOST:
        raise Wrong("That are too many injects.", field="injects", value=len(given), fix=f"Use at most {MOST}.")
    found = [_inject(each, f"injects[{at}]") for at, each in enumerate(given)]
    alerts: dict[str, int | None] = {}
    for at, each in enumerate(found):
        if each.kind == "alert":
            key = each.key or _key(each.title)
            if key in alerts:
                raise Wrong(
                    "Two alerts have the same name.",
                    field=f"injects[{at}].key",
                    value=key,
                    fix="Give one a key of its own.",
                )
            alerts[key] = each.minutes
            found[at] = replace(each, key=key)
    for at, each in enumerate(found):
        if each.kind == "alert_ends" and each.alert not in alerts:
            raise Wrong(
                "There is no such alert.",
                field=f"injects[{at}].alert",
                value=each.alert,
                fix=f"Name one of {', '.join(alerts) or 'the alerts, once there is one'}.",
            )
    return tuple(sorted(found, key=lambda each: LONGEST + 1 if each.minutes is None else each.minutes))


def _expectation(given: object, where: str) -> Expectation:
    each = _kind(given, where, EXPECTATIONS, {"kind", "minutes", "role", "severity"})
    kind: str = each["kind"]
    minutes = _number(each.get("minutes"), f"{where}.minutes", 1, LONGEST) if kind in TIMED else None
    role = _role(each, where) if kind == "role" else ""
    severity = _number(each.get("severity"), f"{where}.severity", 1, 5) if kind == "severity" else None
    return Expectation(kind, minutes, role, severity)


def expectations_of(given: Sequence[object]) -> tuple[Expectation, ...]:
    """What a scenario expects. :raises Wrong: something makes no sense."""
    if len(given) > MOST:
        raise Wrong(
            "That are too many expectations.", field="expectations", value=len(given), fix=f"Use at most {MOST}."
        )
    return tuple(_expectation(each, f"expectations[{at}]") for at, each in enumerate(given))


def filled(text: str, words: Mapping[str, str]) -> str:
    """``text`` with what stands in braces filled in, as far as it is known."""
    for name, value in words.items():
        text = text.replace("{" + name + "}", value)
    return text
