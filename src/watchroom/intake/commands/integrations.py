"""Integrations and their keys, and signals read again."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from ...accounts.actors import Actor
from ...accounts.changes import change
from ...accounts.models import Team
from ...accounts.roles import Action
from ...catalog.models import Service
from ...kernel.errors import Refused
from ...kernel.names import only_one, short_name
from ...kernel.plugins import one_of
from ...kernel.signing import fingerprint, new_key
from ...sources.base import Configured
from ..gate.rates import OURSELVES
from ..journal import forget, open_inbox, store
from ..models import Integration, Signal
from ..queries import tray_of

REPLAYED_AT_ONCE = 500
MOST_PER_MINUTE = 1_000_000
_SET = ["team", "name", "source", "service", "slug", "drill", "rate_per_minute", "settings"]


def _new_key(source: str) -> str:
    """A key that looks as the senders of this source expect: some check that theirs has 32 characters."""
    kind = one_of("watchroom.sources", source)
    return secrets.token_hex(16) if getattr(kind, "short_keys", False) else new_key("wri")


def _checked(kind: object, settings: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    """The settings as their source wants them. A secret that is left empty stays what it was: nobody is shown it."""
    if isinstance(kind, Configured):
        kept = {each.name: before[each.name] for each in kind.asks if each.secret and before.get(each.name)}
        return kind.check({**kept, **{name: value for name, value in settings.items() if value or name not in kept}})
    if settings:
        raise Refused(
            "This kind of sender has no settings.",
            field="settings",
            value=", ".join(settings),
            fix="Leave them out.",
        )
    return {}


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
    settings: Mapping[str, Any] | None = None,
    rate_per_minute: int | None = None,
) -> tuple[Integration, str | None]:
    """Create an integration or change it. Returns it and, only when it is new, its key: it can't be shown again.

    ``settings`` are those of its kind of sender; ``None`` leaves what is set. ``rate_per_minute`` is how many signals it
    may send; ``None`` is as the installation says, 0 is no limit.

    :raises Refused: no name, no such source, or one that can't be told this.
    :raises Conflict: another has this slug.
    """
    if not name.strip():
        raise Refused(
            "An integration needs a name.",
            field="name",
            value=name,
            fix="Name what sends, such as “Prometheus Berlin”.",
        )
    kind = one_of("watchroom.sources", source)
    if rate_per_minute is not None and not 0 <= rate_per_minute <= MOST_PER_MINUTE:
        raise Refused(
            "That many signals a minute can't be a limit.",
            field="rate_per_minute",
            value=str(rate_per_minute),
            fix=f"Use a number from 1 to {MOST_PER_MINUTE}, 0 for no limit, or leave it empty.",
        )
    if integration is not None and integration.source != source and settings is None:
        settings = {}  # another kind of sender knows nothing of what the old one was told
    if settings is not None:
        settings = _checked(kind, settings, integration.settings if integration else {})
    elif integration is None and isinstance(kind, Configured):
        settings = kind.check({})
    key = None
    created = integration is None
    if integration is None:
        key = _new_key(source)
        integration = Integration(key_hash=fingerprint(key), key_hint=key[:8])
    else:
        by.require(Action.MANAGE, integration.team)
    slug = short_name(slug, before=integration.slug, name=name, otherwise="integration", among=Integration.objects)
    with change(
        by, "integration.created" if created else "integration.changed", integration, needs=Action.MANAGE, team=team
    ) as made:
        integration.team, integration.name, integration.source, integration.service = (
            team,
            name.strip(),
            source,
            service,
        )
        integration.slug = slug
        integration.drill = drill
        integration.rate_per_minute = rate_per_minute
        if settings is not None:
            if settings.get("mapping") != integration.settings.get("mapping"):
                rests = Integration.objects.filter(pk=integration.pk, rests_until__isnull=False)
                if rests.update(rests_until=made.at):  # another mapping may try at once
                    integration.rests_until = made.at
                    made.due()
            integration.settings = dict(settings)
        with only_one("integration", slug=slug):
            integration.save(update_fields=None if created else _SET)  # the rest is the engine's, and goes on meanwhile
        open_inbox(integration.pk)
        made.note(source=source, service=service.slug if service else None)
        made.touch("integrations", f"integration:{integration.pk}")
    return integration, key


def rotate_key(by: Actor, integration: Integration) -> str:
    """Give it a new key; the old one stops working at once. Returns the key, which can't be shown again."""
    key = _new_key(integration.source)
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


def save_mapping(by: Actor, integration: Integration, mapping: object) -> Integration:
    """Set how an integration's payloads become alerts: an object, or the same as YAML; nothing takes the mapping away.

    :raises Refused: it is not accepted, one of its tests fails, or this kind of sender has no mapping.
    """
    if not getattr(one_of("watchroom.sources", integration.source), "mapped", False):
        raise Refused(
            "This kind of sender has no mapping.",
            field="source",
            value=integration.source,
            fix="Make an integration of the kind json or email for what needs one.",
        )
    saved, _ = save_integration(
        by,
        integration,
        team=integration.team,
        name=integration.name,
        source=integration.source,
        service=integration.service,
        drill=integration.drill,
        rate_per_minute=integration.rate_per_minute,
        settings={**(integration.settings or {}), "mapping": mapping},
    )
    return saved


def replay_signal(by: Actor, signal: Signal) -> Signal:
    """Read a stored signal again, for instance after a correction of what refused it. It counts as received now, and
    leaves the tray; what is wrong with it still brings it back."""
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
        Signal.objects.filter(pk=signal.pk).update(replayed_at=made.at)
        made.note(of=signal.pk)
        made.touch(f"integration:{signal.integration_id}")
    return again


def replay_tray(by: Actor, integration: Integration) -> int:
    """Read everything that lies in an integration's tray again, oldest first; as much as fits. Returns how many."""
    by.require(Action.MANAGE, integration.team)
    found = list(tray_of(integration).exclude(remote=OURSELVES)[:REPLAYED_AT_ONCE])
    for signal in reversed(found):
        replay_signal(by, signal)
    return len(found)
