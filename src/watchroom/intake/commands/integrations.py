"""Integrations and their keys, and signals read again."""

from __future__ import annotations

from django.db import IntegrityError
from django.utils.text import slugify

from ...accounts.actors import Actor
from ...accounts.changes import change
from ...accounts.models import Team
from ...accounts.roles import Action
from ...catalog.models import Service
from ...kernel.errors import Conflict, Refused
from ...kernel.plugins import one_of
from ...kernel.signing import fingerprint, new_key
from ..journal import forget, open_inbox, store
from ..models import Integration, Signal


def save_integration(
    by: Actor,
    integration: Integration | None,
    *,
    team: Team,
    name: str,
    source: str,
    service: Service | None = None,
    slug: str | None = None,
    drill: bool = False,
) -> tuple[Integration, str | None]:
    """Create an integration or change it. Returns it and, only when it is new, its key: it can't be shown again.

    :raises Refused: no name, or no such source.
    :raises Conflict: another has this slug.
    """
    if not name.strip():
        raise Refused(
            "An integration needs a name.",
            field="name",
            value=name,
            fix="Name what sends, such as “Prometheus Berlin”.",
        )
    one_of("watchroom.sources", source)
    key = None
    created = integration is None
    if integration is None:
        key = new_key("wri")
        integration = Integration(key_hash=fingerprint(key), key_hint=key[:8])
    else:
        by.require(Action.MANAGE, integration.team)
    with change(
        by, "integration.created" if created else "integration.changed", integration, needs=Action.MANAGE, team=team
    ) as made:
        integration.team, integration.name, integration.source, integration.service = (
            team,
            name.strip(),
            source,
            service,
        )
        integration.slug = slug or integration.slug or slugify(name)[:64]
        integration.drill = drill
        try:
            integration.save()
            open_inbox(integration.pk)
        except IntegrityError:
            raise Conflict(
                f"There is already an integration {integration.slug!r}.",
                field="slug",
                value=integration.slug,
                fix="Choose another name.",
            ) from None
        made.note(source=source, service=service.slug if service else None)
        made.touch("integrations", f"integration:{integration.pk}")
    return integration, key


def rotate_key(by: Actor, integration: Integration) -> str:
    """Give it a new key; the old one stops working at once. Returns the key, which can't be shown again."""
    key = new_key("wri")
    with change(by, "integration.key_rotated", integration, needs=Action.MANAGE, team=integration.team) as made:
        integration.key_hash, integration.key_hint = fingerprint(key), key[:8]
        integration.save(update_fields=["key_hash", "key_hint"])
        made.touch("integrations", f"integration:{integration.pk}")
    return key


def pause_integration(by: Actor, integration: Integration, paused: bool) -> None:
    """Refuse its signals for a while (the sender is told so), or accept them again."""
    with change(
        by, f"integration.{'paused' if paused else 'resumed'}", integration, needs=Action.MANAGE, team=integration.team
    ) as made:
        integration.paused = paused
        integration.save(update_fields=["paused"])
        made.touch("integrations", f"integration:{integration.pk}")


def delete_integration(by: Actor, integration: Integration) -> None:
    """Delete it with its signals and alerts. Groups stay as history."""
    with change(by, "integration.deleted", None, needs=Action.MANAGE, team=integration.team) as made:
        made.note(name=integration.name, slug=integration.slug)
        made.touch("integrations")
        forget(integration.pk)
        integration.delete()


def replay_signal(by: Actor, signal: Signal) -> Signal:
    """Read a stored signal again, for instance after a correction of what refused it. It counts as received now."""
    with change(by, "signal.replayed", signal, needs=Action.MANAGE, team=signal.integration.team) as made:
        again: Signal = store(
            signal.integration_id,
            received_at=made.at,
            path=signal.path,
            query=signal.query,
            content_type=signal.content_type,
            headers=signal.headers,
            body=bytes(signal.body),
            remote=f"replay of {signal.pk}",
        )
        made.note(of=signal.pk)
        made.touch(f"integration:{signal.integration_id}")
    return again
