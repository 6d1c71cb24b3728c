"""Labels tried on the routes: the way they take, and whom that would page now. Changes nothing."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..catalog.models import Service
from ..kernel import clock
from ..kernel.errors import Refused
from ..paging.conditions import Facts
from ..paging.models import EscalationPolicy
from ..paging.queries import dry_run
from ..sources.alertmanager.wording import severity as stated
from .routing import tree
from .rules import Outcome, Visit, explain, group_labels, routes_of, urgency_of

_STEPS_SHOWN = 6


@dataclass(frozen=True)
class End:
    """Where the way ends. ``muted`` and ``waits`` say why it would page nobody now; ``pages`` are the first steps of the
    policy, as they would go; all of it for an alert of the severity that the route or else its label says."""

    outcome: Outcome
    shared: dict[str, str]
    service: Service | None
    policy: EscalationPolicy | None
    severity: str
    urgency: str
    muted: str
    waits: str
    pages: tuple[dict[str, Any], ...]


@dataclass(frozen=True)
class Way:
    """The way of some labels through the tree, and where it ends."""

    labels: dict[str, str]
    ends: tuple[End, ...]
    visits: tuple[Visit, ...]


def read_labels(words: Iterable[str]) -> dict[str, str]:
    """Labels written as ``name=value``.

    :raises Refused: a word is not ``name=value``.
    """
    labels = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not name:
            raise Refused(
                "That is not a label.", field="labels", value=word, fix="Write name=value, such as team=payments."
            )
        labels[name] = value
    return labels


_PIECE = r"""(?:"(?:[^"\\]|\\.)*"|'[^']*'|\\.|[^\s"'\\=])"""  # of a word, as a shell reads it
_LABEL = re.compile(rf"\s*({_PIECE}+)=((?:{_PIECE}|=)*)(?=\s|$)", re.DOTALL)


def labels_in(text: str) -> dict[str, str]:
    """Labels written as ``name=value name="a b"``, in words as a shell reads them; a name that holds ``=`` stands in quotes, too.

    :raises Refused: a quote is not closed, or a word is not ``name=value``.
    """
    labels, at = {}, 0
    while text[at:].strip():
        found = _LABEL.match(text, at)
        if found is None:
            try:
                words = shlex.split(text[at:])
            except ValueError:
                raise Refused(
                    "A quote is not closed.",
                    field="labels",
                    value=text,
                    fix='Write for example team=payments name="a b".',
                ) from None
            raise Refused(
                "That is not a label.", field="labels", value=words[0], fix="Write name=value, such as team=payments."
            )
        name, value = ("".join(shlex.split(part)) for part in found.groups())
        if not name:
            raise Refused("A label has no name.", field="labels", value=found[0].strip(), fix="Write name=value, such as team=payments.")  # fmt: skip
        labels[name] = value
        at = found.end()
    return labels


def try_labels(labels: Mapping[str, str]) -> Way:
    """The way of these labels through the tree as it is now. A handful of queries, and some for each policy."""
    root, now = tree(), clock.now()
    outcomes = routes_of(root, labels)
    slugs = {labels[each.service_label].lower() for each in outcomes if labels.get(each.service_label)}
    wanted = Service.objects.select_related("policy", "team")
    by_slug = {service.slug: service for service in wanted.filter(slug__in=slugs)} if slugs else {}
    by_pk = wanted.in_bulk([each.service for each in outcomes if each.service])
    policies = EscalationPolicy.objects.select_related("team").in_bulk(
        [each.policy for each in outcomes if each.policy]
    )
    ends = []
    for each in outcomes:
        named = by_slug.get(labels.get(each.service_label, "").lower()) if each.service_label else None
        service = named or by_pk.get(each.service or 0)
        policy = policies.get(each.policy or 0) or (service.policy if service else None)
        severity = each.severity_of(labels) or stated(dict(labels))
        urgency = urgency_of(severity, each.urgency)
        facts = Facts(urgency=urgency, severity=severity, labels=(dict(labels),), alert_times=(now,))
        ends.append(
            End(
                outcome=each,
                shared=group_labels(each.group_by, labels),
                service=service,
                policy=policy,
                severity=severity,
                urgency=urgency,
                muted=each.times.muted(now),
                waits=each.times.waits(now) if urgency == "low" else "",
                pages=tuple(dry_run(policy, facts=facts, most=_STEPS_SHOWN)) if policy else (),
            )
        )
    return Way(dict(labels), tuple(ends), tuple(explain(root, labels)))
