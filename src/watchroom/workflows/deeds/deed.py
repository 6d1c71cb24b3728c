"""What a kind of action is, and how what one names is looked up."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ...accounts.actors import Actor
from ...incidents.models import Incident
from ...kernel import settings as conf
from ...kernel.errors import Refused
from ..models import WorkflowRun
from ..rules import Words

Action = Mapping[str, Any]


@dataclass(frozen=True)
class Doing:
    """What an action is done with."""

    by: Actor
    incident: Incident
    run: WorkflowRun
    number: int

    @property
    def words(self) -> Words:
        """What texts of actions may name in braces; of a private incident they give nothing away."""
        incident = self.incident
        title = "a private incident" if incident.private else incident.title
        link = f"{conf.current().url}/incidents/{incident.pk}"
        return Words(title=title, severity=f"SEV{incident.severity}", number=incident.pk, link=link)

    @property
    def key(self) -> str:
        """The same on every try, so that what is done once is not done again."""
        return f"workflow-{self.run.pk}-{self.number}"


@dataclass(frozen=True)
class Deed:
    """A kind of action. ``fields``: what it takes, and what that means. ``checked`` looks whether all that is named is
    there. ``said``: in words, what it would do. ``done``: does it, and says what came of it. ``asks``: it speaks to
    another server, so it is done outside of any transaction."""

    label: str
    fields: Mapping[str, str]
    checked: Callable[[Action], object]
    said: Callable[[Action], str]
    done: Callable[[Doing, Action], str]
    asks: bool = False


def slugs_in(given: object) -> list[str]:
    """What an action names in a field that takes one name or several."""
    return [str(each) for each in given] if isinstance(given, list) else ([str(given)] if given else [])


def rows_of(model: Any, name: str, given: object, by: str = "slug") -> list[Any]:
    """What it names there, as rows in that order.

    :raises Refused: one of them is not there.
    """
    wanted = slugs_in(given)
    found = {str(getattr(each, by)).lower(): each for each in model.objects.filter(**{f"{by}__in": wanted})}
    for each in wanted:
        if each.lower() not in found:
            raise Refused(f"There is no such {name.rstrip('s')}.", field=name, value=each, fix="Correct the name.")
    return [found[each.lower()] for each in wanted]


def one_of(model: Any, action: Action, name: str, by: str = "slug") -> Any:
    """The one thing that a field has to name.

    :raises Refused: it names none, or one that is not there.
    """
    found = rows_of(model, name, action.get(name), by)
    if not found:
        raise Refused("This is missing.", field=name, value="", fix=f"Name the {name.replace('_', ' ')}.")
    return found[0]


def text_of(action: Action, name: str, most: int = 2000) -> str:
    """The text that a field has to hold.

    :raises Refused: there is none, or it is longer than ``most`` characters.
    """
    text = str(action.get(name) or "").strip()
    if not text or len(text) > most:
        raise Refused(
            "The text is missing or too long.", field=name, value=text[:40], fix=f"Write 1 to {most} characters."
        )
    return text
