"""Chat workspaces: saved, tried, deleted."""

from __future__ import annotations

from typing import Any

from django.db.models import ProtectedError

from ..accounts.actors import Actor
from ..accounts.changes import change
from ..accounts.models import Team
from ..accounts.roles import Action
from ..accounts.rules import checked_timezone
from ..kernel import asked, clock
from ..kernel.checks import written
from ..kernel.db import locked
from ..kernel.errors import Conflict, Refused, WatchroomError
from ..kernel.names import only_one, short_name
from ..kernel.plugins import one_of
from ..kernel.signing import new_key
from .base import EMOJI, TIMEZONE, Product
from .hooks import take_back_confirmations
from .models import Workspace
from .queries import GROUP, client_of, needed_for


def save_workspace(
    by: Actor,
    workspace: Workspace | None,
    *,
    team: Team | None,
    kind: str,
    name: str,
    slug: str = "",
    settings: dict[str, Any],
) -> Workspace:
    """Connect a chat, or change how it is connected. ``team`` None: it is everybody's, and the administrators' to change.
    A secret that is left out stays what it was while the address stays the same. Whoever had confirmed an account there
    has to confirm it again once any setting has changed.

    :raises Refused: no name, an unknown product, or settings that it does not accept.
    :raises Conflict: another workspace has this slug.
    """
    name = written(name, "A workspace needs a name", 100, field="name", fix="For example “Slack of Acme”.")
    workspace = workspace or Workspace(hook_key=new_key("wsk"))
    created = workspace.pk is None
    if not created:
        by.require(needed_for(workspace), workspace.team)
        if workspace.kind != kind:
            raise Refused(
                "The product of a workspace can't be changed.",
                field="kind",
                value=kind,
                fix="Connect a new one and delete this one.",
            )
    product: Product = one_of(GROUP, kind)
    needs = Action.MANAGE if team is not None else Action.ADMINISTER
    by.require(needs, team)
    checked = product.check(_filled(product, settings, {} if created else workspace.settings))
    if zone := str(settings.get(TIMEZONE.name) or "").strip():
        checked[TIMEZONE.name] = checked_timezone(zone)
    slug = short_name(slug, before=workspace.slug, name=name, otherwise=kind, among=Workspace.objects)
    with change(by, "workspace.created" if created else "workspace.changed", workspace, needs=needs, team=team) as made:
        workspace.team, workspace.kind, workspace.name, workspace.slug = team, kind, name, slug
        before = {} if created else locked(Workspace.objects.filter(pk=workspace.pk)).get().settings
        if before != checked:
            missing = asked.missing(product.fields, checked)
            workspace.settings, workspace.tried_at = checked, None
            workspace.error = f"Not set yet: {', '.join(missing)}." if missing else ""
        if product.polls and workspace.due_at is None:
            workspace.due_at = made.at
            made.due()
        with only_one("workspace", slug=slug):
            workspace.save()
        made.note(kind=kind, slug=slug)
        changed = {name for name in {*before, *checked} if before.get(name) != checked.get(name)}
        if not created and changed:
            made.note(settings=sorted(changed))
        if not created and changed - {EMOJI, TIMEZONE.name}:
            made.note(confirmations_taken_back=take_back_confirmations(made, workspace))
        made.touch("workspaces")
    return workspace


def _filled(product: Product, given: dict[str, Any], before: dict[str, Any]) -> dict[str, Any]:
    """``given``, with the secrets that were not given, as long as the address stays the same."""
    return asked.with_kept_secrets(product.fields, given, before, product.check(given)) if before else given


def try_workspace(by: Actor, workspace: Workspace) -> str:
    """Ask the product who we are there, and set up what it needs to send answers. Returns in words what came of it.

    :raises WatchroomError: it could not be asked, and why.
    """
    by.require(needed_for(workspace), workspace.team)
    product: Product = one_of(GROUP, workspace.kind)
    if missing := asked.missing(product.fields, workspace.settings):
        raise Refused(
            f"Not set yet: {', '.join(missing)}.",
            field=next(each.name for each in product.fields if each.label == missing[0]),
            value="",
            fix="Fill it in, and try again.",
        )
    try:
        account, text = client_of(workspace).try_it()
    except WatchroomError as error:
        Workspace.objects.filter(pk=workspace.pk).update(tried_at=clock.now(), error=str(error)[:500])
        raise
    with change(by, "workspace.tried", workspace, needs=needed_for(workspace), team=workspace.team) as made:
        Workspace.objects.filter(pk=workspace.pk).update(tried_at=made.at, error="", account=account[:250])
        made.touch("workspaces")
    workspace.account, workspace.tried_at, workspace.error = account, clock.now(), ""
    return text


def delete_workspace(by: Actor, workspace: Workspace) -> None:
    """Post there no more.

    :raises Conflict: a step of a policy still posts in it, or a schedule has a user group in it.
    """
    with change(by, "workspace.deleted", workspace, needs=needed_for(workspace), team=workspace.team) as made:
        made.note(name=workspace.name, slug=workspace.slug)
        made.subject = None
        made.touch("workspaces")
        try:
            workspace.delete()
        except ProtectedError as error:
            users = ", ".join(sorted(str(each) for each in error.protected_objects)[:5])
            raise Conflict(f"Still used: {users}.", fix="Take it out there first.") from None
