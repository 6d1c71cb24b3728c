"""All that changes services."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from django.db.models import ProtectedError

from ..accounts.actors import Actor
from ..accounts.changes import change
from ..accounts.models import Team
from ..accounts.roles import Action
from ..accounts.rules import checked_name, checked_slug
from ..kernel.checks import chosen
from ..kernel.db import locked
from ..kernel.errors import Conflict, Refused
from .models import Dependency, Service, ServiceLink
from .rules import checked_labels, checked_link, cycle


def save_service(
    by: Actor,
    service: Service | None,
    *,
    team: Team,
    name: str,
    slug: str | None = None,
    description: str = "",
    tier: int = Service.Tier.IMPORTANT,
    labels: Mapping[str, Any] | None = None,
    links: Sequence[Mapping[str, Any]] | None = None,
    needs: Collection[int] | None = None,
    policy: int | None = None,
) -> Service:
    """Create a service or change it; ``None`` for labels, links or needs leaves these as they are.

    :raises Refused: a dependency that leads back to the service (the way is named), or a value that is not accepted.
    :raises Conflict: another service has this slug.
    """
    row = service or Service()
    name = checked_name(name)
    slug = checked_slug(slug, name, row.slug)
    chosen(tier, Service.Tier.values, "tier", field="tier", fix="Use 1 (most important) to 4.")
    kept_links = None if links is None else [checked_link(number, link) for number, link in enumerate(links)]
    kept_labels = None if labels is None else checked_labels(labels)
    if service is not None:
        by.require(Action.MANAGE, service.team)
    with change(by, "service.changed" if service else "service.created", row, needs=Action.MANAGE, team=team) as made:
        # All of them: two changes at a time could otherwise close a circle between them.
        names = {each.pk: each.name for each in locked(Service.objects.order_by("pk"))}
        if Service.objects.filter(slug=slug).exclude(pk=row.pk).exists():
            raise Conflict(
                f"There is already a service {slug!r}.", field="slug", value=slug, fix="Choose another name."
            )
        if policy is not None and not _policy_exists(policy):
            raise Refused(
                "There is no such escalation policy.",
                field="policy",
                value=policy,
                fix="Choose an existing one, or none.",
            )
        row.team, row.name, row.slug, row.description, row.tier = team, name, slug, description.strip(), tier
        row.policy_id = policy
        if kept_labels is not None:
            row.labels = kept_labels
        row.save()
        if kept_links is not None:
            row.links.all().delete()
            ServiceLink.objects.bulk_create(
                [ServiceLink(service=row, kind=kind, label=label, url=url) for kind, label, url in kept_links]
            )
        if needs is not None:
            _set_needs(row, list(dict.fromkeys(needs)), names | {row.pk: row.name})
        made.note(name=name, slug=slug, tier=int(tier), needs=None if needs is None else sorted(set(needs)))
        made.touch("services", f"service:{row.pk}")
    return row


def _policy_exists(pk: int) -> bool:
    # The policy's package lies above this one; the foreign key knows it.
    related: Any = Service._meta.get_field("policy").related_model
    return bool(related.objects.filter(pk=pk).exists())


def _set_needs(service: Service, wanted: list[int], names: Mapping[int, str]) -> None:
    for pk in wanted:
        if pk not in names:
            raise Refused("There is no such service.", field="needs", value=pk, fix="Choose existing services.")
    edges: dict[int, list[int]] = {}
    for a, b in Dependency.objects.exclude(service=service).values_list("service_id", "needs_id"):
        edges.setdefault(a, []).append(b)
    if way := cycle(edges, service.pk, wanted):
        shown = " → ".join(names[pk] for pk in way)
        raise Refused(
            f"These dependencies would go round in a circle: {shown}.",
            field="needs",
            value=names[way[1]],
            fix="Leave out one of them.",
        )
    Dependency.objects.filter(service=service).exclude(needs__in=wanted).delete()
    Dependency.objects.bulk_create([Dependency(service=service, needs_id=pk) for pk in wanted], ignore_conflicts=True)


def delete_service(by: Actor, service: Service) -> None:
    """Delete a service that nothing points to.

    :raises Conflict: alerts, incidents or integrations still name it.
    """
    with change(by, "service.deleted", None, needs=Action.MANAGE, team=service.team) as made:
        made.note(name=service.name, slug=service.slug)
        made.touch("services", f"service:{service.pk}")
        try:
            service.delete()
        except ProtectedError as error:
            users = sorted({f"{each._meta.verbose_name} {each}" for each in error.protected_objects})
            raise Conflict(
                f"This service is still used by {', '.join(users[:5])}.",
                fix="Delete these first, or give them another service.",
            ) from None
