"""Many alerts in a few lines, read from the database: for a page's text, and for the alert group's page."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from django.db.models import QuerySet

from ..kernel.prepared import prepared
from .hooks import runbooks_for
from .models import Alert, AlertGroup
from .rules.summary import RUNBOOK, Counted, differing, in_words, names_runbook, said_in

MOST = 2_000  # alerts that are counted at once: in a storm the newest ones stand for all
_SMALL = 200  # groups up to this size are read together


def summary_of(group: AlertGroup) -> tuple[Counted, ...]:
    """Where the alerts of a group differ: of those that fire, or of all when none does. One query."""
    alerts = group.alerts.filter(ended_at__isnull=True) if group.firing else group.alerts
    return differing(alerts.order_by("-id").values_list("labels", flat=True)[:MOST])


def words_of(groups: Sequence[AlertGroup]) -> dict[int, list[str]]:
    """How many alerts fire in each of these groups, and by which labels they differ, in lines; nothing for a group of one.
    One query for every ten groups of usual size, one for each large one."""
    many = [group for group in groups if group.firing > 1]
    small = [group for group in many if group.firing <= _SMALL]
    labels: dict[int, list[Mapping[str, str]]] = {group.pk: [] for group in small}
    held: dict[int, list[Mapping[str, str]]] = {group.pk: [] for group in small}
    step = MOST // _SMALL
    for at in range(0, len(small), step):
        rows = Alert.objects.filter(group__in=[each.pk for each in small[at : at + step]], ended_at__isnull=True)
        for pk, own, why in rows.values_list("group_id", "labels", "held"):
            (labels if why is None else held)[pk].append(own)
    found: dict[int, list[str]] = {}
    for group in many:
        # Where all are held, what is said is of them: somebody wants to be paged all the same.
        said = labels.get(group.pk) or held.get(group.pk)
        counted = differing(said) if said is not None else summary_of(group)
        apart = len(held.get(group.pk, ())) if labels.get(group.pk) else 0
        found[group.pk] = [_head(group.firing, apart), *in_words(counted)]
    return found


def own_words_of(groups: Sequence[AlertGroup]) -> dict[int, list[str]]:
    """What the sender says about the only alert that fires in each of these groups, and which runbook there is, in lines:
    where the sender names none, the one of ours that fits best. Two queries."""
    found: dict[int, list[str]] = {}
    labels = {group.pk: group.group_labels for group in groups}
    for pk, notes, own in _alone([group.pk for group in groups if group.firing == 1]):
        found[pk] = said_in(notes)
        labels[pk] = {**own, **labels[pk]}
    without = [group for group in groups if not names_runbook(found.get(group.pk, ()))]
    for pk, line in runbooks_for([(group.pk, group.service_id, labels[group.pk]) for group in without]).items():
        found.setdefault(pk, []).append(f"{RUNBOOK}{line}")
    return found


@prepared
def _alone(groups: Collection[int]) -> QuerySet[Alert, tuple[int, dict[str, str], dict[str, str]]]:
    return Alert.objects.filter(group__in=groups, ended_at__isnull=True).values_list(
        "group_id", "annotations", "labels"
    )


def _head(firing: int, held: int) -> str:
    """``held``: how many of them page nobody, though the others do; those are not spoken of any further."""
    apart = f", {held} of them held back" if held else ""
    return f"{firing} alerts fire{apart}." + (f" The newest {MOST} by label:" if firing > MOST else "")


def words_together(groups: Collection[int]) -> list[str]:
    """The same of all alerts that fire in several groups, whose pages go as one message."""
    found = [{"service": slug, **labels} if slug else labels for labels, slug in _newest(groups)]
    return in_words(differing(found))


@prepared
def _newest(groups: Collection[int]) -> QuerySet[Alert, tuple[dict[str, str], str | None]]:
    rows = Alert.objects.filter(group__in=groups, ended_at__isnull=True).order_by("-id")
    return rows.values_list("labels", "group__service__slug")[:MOST]
