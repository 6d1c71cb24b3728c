"""Reads about chat workspaces."""

from __future__ import annotations

from django.db.models import QuerySet

from ..accounts.actors import Actor
from ..accounts.roles import Action
from ..kernel import settings as conf
from ..kernel.errors import Refused
from ..kernel.finding import one
from ..kernel.plugins import all_of, one_of
from .base import Access, Client, Product
from .models import Workspace

GROUP = "watchroom.workspaces"


def visible_to(actor: Actor) -> QuerySet[Workspace]:
    """Workspaces; everybody who is signed in may know of them and be reached there. Their settings are for managers."""
    rows = Workspace.objects.select_related("team")
    return rows if actor.may(Action.SEE) else rows.none()


def workspace_by(actor: Actor, slug: str) -> Workspace:
    """One workspace. :raises NotFound: there is none."""
    return one(visible_to(actor), "chat workspace", slug=slug)


def with_groups() -> QuerySet[Workspace]:
    """Workspaces of products in which people can be mentioned together, by a user group."""
    kinds = [name for name, product in all_of(GROUP).items() if product.groups]
    return Workspace.objects.filter(kind__in=kinds).order_by("slug")


def needed_for(workspace: Workspace) -> Action:
    """What is needed to change it: a team's is its managers' business, everybody's is the administrators'."""
    return Action.MANAGE if workspace.team_id else Action.ADMINISTER


def named(kind: str, slug: str) -> Workspace:
    """The workspace of a product with this slug; the only one where none is named.

    :raises Refused: there is none, or several and none was named.
    """
    rows = Workspace.objects.filter(kind=kind)
    label = all_of(GROUP)[kind].label if kind in all_of(GROUP) else kind
    if slug:
        found = rows.filter(slug=slug).first()
        if found is None:
            raise Refused(
                f"There is no {label} workspace {slug!r}.",
                field="workspace",
                value=slug,
                fix=f"Use one of: {', '.join(rows.values_list('slug', flat=True)[:10])}."
                if rows
                else "Ask an administrator to connect one on the page Chat workspaces.",
            )
        return found
    some = list(rows[:2])
    if not some:
        raise Refused(
            f"{label} is not connected to Watchroom yet.",
            field="workspace",
            value="",
            fix="Ask an administrator to connect it on the page Chat workspaces.",
        )
    if len(some) > 1:
        raise Refused(
            f"There is more than one {label} workspace.",
            field="workspace",
            value="",
            fix=f"Name one of: {', '.join(rows.values_list('slug', flat=True)[:10])}.",
        )
    return some[0]


def product_of(workspace: Workspace) -> Product:
    """Its product. Raises ``Refused`` when it is not installed any more."""
    return one_of(GROUP, workspace.kind)  # type: ignore[no-any-return]


def hook_url(workspace: Workspace) -> str:
    """Where the product sends what people press and write."""
    return f"{conf.current().url}/chat/{workspace.slug}"


def access_to(workspace: Workspace) -> Access:
    """All that a client needs."""
    return Access(workspace.settings, workspace.account, hook_url(workspace), str(workspace.hook_key))


def client_of(workspace: Workspace) -> Client:
    """A client that speaks to it."""
    return product_of(workspace).client(access_to(workspace))  # type: ignore[no-any-return]
