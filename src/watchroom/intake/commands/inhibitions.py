"""Inhibition: rules by which one alert holds others back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ...accounts.actors import Actor
from ...accounts.changes import change
from ...accounts.models import Team
from ...accounts.roles import Action
from ...kernel.errors import Refused
from ...kernel.names import only_one
from ..matchers import matcher
from ..models import InhibitRule
from .silences import look_again, read_matchers


def save_inhibition(
    by: Actor,
    rule: InhibitRule | None,
    *,
    name: str,
    source_matchers: Iterable[str],
    target_matchers: Iterable[str],
    equal: Sequence[str] = (),
    team: Team | None = None,
) -> InhibitRule:
    """Make or change a rule: while a source fires, targets with the same values of ``equal`` page nobody.

    :raises Refused: no name, or a matcher can't be read.
    :raises Conflict: another rule has this name.
    """
    if not name.strip():
        raise Refused("An inhibition rule needs a name.", field="name", value=name, fix="Say what holds what.")
    sources = read_matchers(source_matchers, "source_matchers")
    targets = read_matchers(target_matchers, "target_matchers")
    if rule is not None:
        by.require(Action.MANAGE, rule.team)
    with change(by, f"inhibition.{'changed' if rule else 'created'}", rule, needs=Action.MANAGE, team=team) as made:
        old = [matcher(text) for text in rule.target_matchers] if rule else []
        rule = rule or InhibitRule()
        rule.name, rule.team = name.strip(), team
        rule.source_matchers, rule.target_matchers = [str(each) for each in sources], [str(each) for each in targets]
        rule.equal = [label.strip() for label in equal if label.strip()]
        with only_one("rule", name=name):
            rule.save()
        look_again(made, targets, None)
        if old:
            look_again(made, old, None)
    return rule


def delete_inhibition(by: Actor, rule: InhibitRule) -> None:
    """Delete a rule: what it held and still fires pages at once."""
    with change(by, "inhibition.deleted", None, needs=Action.MANAGE, team=rule.team) as made:
        made.note(name=rule.name)
        targets = [matcher(text) for text in rule.target_matchers]
        rule.delete()
        look_again(made, targets, None)
