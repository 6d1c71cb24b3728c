"""Publish an update, and put it onto status pages: for pages and the API, which see both packages."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import transaction

from ...accounts.actors import Actor
from ...kernel.errors import Refused
from ..commands import publish_update
from ..models import Incident, Update


def publish(
    by: Actor,
    incident: Incident,
    *,
    pages: Iterable[str] = (),
    impacts: dict[Any, str] | None = None,
    title: str = "",
    **said: Any,
) -> Update:
    """Both at once, or neither. ``said``: what :func:`publish_update` takes.

    :raises Refused: a drill is to be shown on a status page.
    """
    slugs = list(pages)
    if incident.drill and slugs:
        raise Refused(
            "A drill is never shown on a status page.",
            field="pages",
            value=", ".join(slugs),
            fix="Publish it without pages.",
        )
    with transaction.atomic():
        update = publish_update(by, incident, **said)
        if slugs:
            from ...status import commands as status

            status.publish(by, update, slugs, impacts=impacts, title=title)
    return update
