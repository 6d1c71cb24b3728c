"""What is configured here and belongs on the process page, section by section. A fixed number of queries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Q

from ..accounts.actors import SYSTEM
from ..incidents.models import FollowRule, IncidentType, RoleRotation, TriageRule
from ..incidents.models.roles import ROLE_DUTY, RoleName
from ..incidents.queries import Watched, rules_watching
from ..incidents.rules.severities import Severity
from ..incidents.severities import all_severities
from ..kernel import settings as conf
from ..mitigations.models import Mitigation
from ..paging.models import EscalationPolicy
from ..runbooks.models import Runbook
from ..status.models import StakeholderList, StatusPage
from ..venues.models import VenuePlan
from ..workflows.models import Workflow
from ..workspaces.models import Workspace
from .rules.process import SECTIONS

MOST = 8  # things of a kind that are named; of more it is said how many there are


@dataclass(frozen=True)
class Fact:
    """A line of the page. ``name`` stands before it, ``url`` is where it leads, ``level`` the severity that it is about."""

    text: str
    name: str = ""
    url: str = ""
    level: int = 0

    @property
    def word(self) -> str:
        """Of a severity, what it is called here beside SEV1."""
        return self.name.partition(" ")[2] if self.level else ""

    @property
    def line(self) -> str:
        """As plain text."""
        return f"{self.name}: {self.text}" if self.name else self.text


def process_facts() -> dict[str, list[Fact]]:
    """Every section's facts, the same for everybody who reads them."""
    meanings = all_severities()
    guards = {each.name: each for each in rules_watching(SYSTEM) if each.enabled}
    found = {
        "declare": _declare(),
        "severity": _severities(meanings),
        "roles": _roles() + _reminds(guards, "no_commander"),
        "told": _told(),
        "meet": _meet(),
        "escalate": _escalate(),
        "respond": _respond() + _reminds(guards, "analysis_paralysis"),
        "updates": _updates(meanings) + _reminds(guards, "nobody_told"),
        "after": _after(),
    }
    return {key: found[key] for key in SECTIONS}


def _declare() -> list[Fact]:
    facts = [
        Fact(
            "press “Declare incident” at the top of every page, or the key c. A title is enough.",
            "Here",
            "/incidents/declare",
        ),
        Fact("anyone may, and better once too often: an incident that was none is closed in a minute.", "Who"),
        Fact("type watchroom declare “Checkout is down”.", "By command line"),
    ]
    chats = list(Workspace.objects.order_by("name").values_list("name", flat=True)[: MOST + 1])
    if chats:
        facts.append(
            Fact(f"write declare Checkout is down to Watchroom in {_named(chats)}.", "In the chat", "/workspaces")
        )
    if to := conf.current().mail_declare_to:
        facts.append(Fact(f"write to {to}; the subject is the title.", "By e-mail"))
    types = list(IncidentType.objects.filter(offered=True).order_by("name").values_list("name", flat=True)[: MOST + 1])
    if types:
        facts.append(Fact(f"choose {_named(types, 'or')} where it fits.", "Kinds", "/incident-types"))
    waits = [str(TriageRule.By(of).label) for of in TriageRule.objects.values_list("of", flat=True)]
    if waits:
        who = _named([each[:1].lower() + each[1:] for each in waits])
        facts.append(Fact(f"what {who} declares waits until a responder has confirmed it.", "Triage", "/severities"))
    return facts


def _severities(meanings: dict[int, Severity]) -> list[Fact]:
    facts = []
    for level, each in meanings.items():
        more = "; ".join(
            word for word, so in (("customers notice", each.customers), ("people are woken", each.urgent)) if so
        )
        facts.append(
            Fact(f"{each.definition}{f' ({more[:1].upper()}{more[1:]}.)' if more else ''}", each.title, "", level)
        )
    return [*facts, Fact("take the worse one. It can be lowered later, with a word why.", "In doubt")]


def _roles() -> list[Fact]:
    rows = RoleRotation.objects.select_related("schedule", "person", "team", "service").order_by("role", "slug")
    asked: dict[str, list[str]] = {}
    for row in rows[:200]:
        if len(asked.setdefault(row.role, [])) < MOST:
            asked[row.role].append(_asked(row))
    facts = []
    for role, duty in ROLE_DUTY.items():
        who = f" Asked by itself: {_named(asked[role])}." if role in asked else ""
        facts.append(Fact(f"{duty}{who}", RoleName(role).label, "/role-rotations" if who else ""))
    if "commander" not in asked:
        facts.append(Fact("whoever declares leads until somebody else takes the role.", "Without a commander"))
    return facts


def _asked(row: RoleRotation) -> str:
    who = f"whoever is on call in {row.schedule}" if row.schedule else str(row.person)
    where = f" for {row.service or row.team}" if row.service or row.team else ""
    return f"{who}{where}{'' if row.least_severity == 5 else f' down to SEV{row.least_severity}'}"


def _told() -> list[Fact]:
    facts = []
    lists = list(StakeholderList.objects.select_related("team").order_by("least_severity", "name")[: MOST + 1])
    for row in lists[:MOST]:
        whose = "every team" if row.every_team else str(row.team)
        text = f"incidents of {whose}, SEV1 down to SEV{row.least_severity}; words for {row.get_audience_display().lower()}."
        facts.append(Fact(text, row.name, f"/stakeholders/{row.slug}"))
    if not lists:
        facts.append(Fact("no list of stakeholders hears of updates by itself.", "Nobody yet", "/stakeholders"))
    pages = list(StatusPage.objects.order_by("name").values_list("name", "slug")[: MOST + 1])
    for name, slug in pages[:MOST]:
        facts.append(Fact("shows what readers need to know.", f"Status page {name}", f"/status-pages/{slug}"))
    follow = FollowRule.objects.select_related("person", "group").order_by("least_severity", "slug")[:MOST]
    facts += [Fact(f"follows SEV1 down to SEV{row.least_severity}.", str(row.person or row.group)) for row in follow]
    facts.append(Fact("“Follow” in the incident’s room: you are told, never paged.", "You only want to know"))
    return facts


def _meet() -> list[Fact]:
    facts = []
    plans = VenuePlan.objects.select_related("team", "workspace", "bridge").order_by("team__name", "name")
    for row in plans[:MOST]:
        what = [
            f"a channel in {row.workspace}" if row.workspace else "",
            f"a call in {row.bridge}" if row.bridge else "",
        ]
        when = f"by itself down to SEV{row.least_severity}" if row.least_severity else "when somebody asks for it"
        text = f"{' and '.join(part for part in what if part)}, {when}."
        facts.append(Fact(text, str(row.team) if row.team else "Everybody’s incidents", "/venues"))
    facts.append(
        Fact("who does what, the log and the updates are there, whatever else is down.", "The incident’s room")
    )
    return facts


def _escalate() -> list[Fact]:
    policies = EscalationPolicy.objects.count()
    facts = [
        Fact(
            "“Page someone” in the room, or type watchroom page. Nobody is angry about a page too many.",
            "Call",
            "/page",
        )
    ]
    if policies:
        text = f"{policies} {'policy says' if policies == 1 else 'policies say'} whom an alert pages, and whom next."
        facts.append(Fact(text, "Alerts", "/policies"))
    facts.append(
        Fact(
            "when nobody answers a policy to its end, the team’s managers and the administrators are paged.",
            "Last resort",
        )
    )
    facts.append(
        Fact("whoever has a role and can go on no more hands it over, in writing. That is no weakness.", "Tired")
    )
    return facts


def _respond() -> list[Fact]:
    ways, books = Mitigation.objects.count(), Runbook.objects.filter(version__gt=0).count()
    facts = [Fact("make it stop hurting before you look for the cause.", "First")]
    if ways:
        facts.append(
            Fact(
                f"{ways} way{'s are' if ways > 1 else ' is'} ready, each with how one undoes it.",
                "Mitigations",
                "/mitigations",
            )
        )
    if books:
        facts.append(
            Fact(f"{books} {'say' if books > 1 else 'says'} step by step what to do.", "Runbooks", "/runbooks")
        )
    facts.append(
        Fact("what you see, believe, do, and what came of it goes into the log while it happens.", "Write it down")
    )
    facts.append(Fact("what is not this incident goes into the parking lot.", "Something else"))
    by_itself = Workflow.objects.filter(enabled=True).filter(Q(team=None)).order_by("name")
    names = [row.name for row in by_itself if any(each in ("incident.declared", "incident.*") for each in row.triggers)]
    if names:
        facts.append(Fact(f"{_named(names)}.", "Done by itself when an incident is declared", "/workflows"))
    return facts


def _updates(meanings: dict[int, Severity]) -> list[Fact]:
    facts = [
        Fact("what happens, who notices what, what we do, and when we speak next. No guesses, nobody to blame.", "Say")
    ]
    often = ", ".join(f"{each.code} every {each.every}" for each in meanings.values())
    facts.append(Fact(f"{often}; also when there is nothing new.", "How often"))
    facts.append(Fact("the communications lead; without one, the commander.", "Who"))
    return facts


def _after() -> list[Fact]:
    return [
        Fact(
            "a draft with the timeline is there when it is resolved. It looks for causes in the system, not for culprits.",
            "Postmortem",
            "/postmortems",
        ),
        Fact(
            "each has one owner and a day; Watchroom reminds them, and after two unheeded reminders their managers.",
            "Action items",
            "/actions",
        ),
        Fact("whoever had a bad night rests. Ask for relief; nobody has to ask twice.", "Rest"),
    ]


def _reminds(guards: Mapping[str, Watched], guard: str) -> list[Fact]:
    """After how long one of the guards speaks, if it is not switched off."""
    rule = guards.get(guard)
    if rule is None or not rule.after_minutes:
        return []
    after = ", ".join(f"SEV{level} after {few} min" for level, few in sorted(rule.after_minutes.items()))
    return [Fact(f"{rule.title[:1].lower()}{rule.title[1:]}: {after}.", "Watchroom reminds you", "/guidance")]


def _named(names: Sequence[str], word: str = "and") -> str:
    """``A, B and C``; of many the first ones."""
    shown = list(names[:MOST])
    if len(names) > MOST:
        return f"{', '.join(shown)} {word} others"
    return f" {word} ".join(filter(None, [", ".join(shown[:-1]), shown[-1]])) if shown else ""
