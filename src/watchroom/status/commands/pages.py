"""Making and changing status pages."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from django.contrib.auth.hashers import make_password
from django.utils.text import slugify

from ...accounts.actors import Actor
from ...accounts.changes import change
from ...accounts.models import Team
from ...accounts.roles import Action
from ...accounts.rules import checked_timezone
from ...kernel import settings as conf
from ...kernel.checks import chosen
from ...kernel.errors import Conflict, Refused
from ..models import ComponentSpan, StatusPage
from ..rules import LANGUAGES, readable_on
from ..rules.access import checked_domain, checked_network
from ..rules.colours import NIGHT, PAPER
from ._shared import checked_text, moved
from .components import read_component, save_components

SLUG = re.compile(r"[-a-zA-Z0-9_]{1,64}")
LOGO_BYTES = 200_000
_PICTURES = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg", b"GIF8": "image/gif"}


def save_status_page(
    by: Actor,
    page: StatusPage | None,
    *,
    team: Team,
    name: str,
    slug: str | None = None,
    description: str | None = None,
    public: bool | None = None,
    components: Sequence[Mapping[str, Any]] | None = None,
    password: str | None = None,
    **more: Any,
) -> StatusPage:
    """Create a page or change it. A component is ``{"name", "service": slug or None, "description", "asserted", "group",
    "automatic", "only_if_degraded", "id"}``. Those with the same id or name stay the same (an id lets one be renamed),
    others go; None leaves all as they are. Without ``asserted``, what people say of a component stays as it is.

    ``description``, ``public``: None keeps what there is; a new page is public. ``password``: None keeps what there is, the empty text removes it. ``more``: networks, domain, language, timezone,
    colour, colour_dark, support_url; what is left out stays.

    :raises Refused: a field is not accepted.
    :raises Conflict: another page has this slug or domain.
    """
    name = checked_text(name, field="name", most=100, fix="Give it the name that customers know.")
    rows = [read_component(number, given) for number, given in enumerate(components or ())]
    names = [row["name"] for row in rows]
    if len(set(names)) < len(names):
        raise Refused(
            "Two components have the same name.", field="components", value=names, fix="Name each differently."
        )
    page = page or StatusPage()
    slug = slug or page.slug or slugify(name)[:64]
    if not SLUG.fullmatch(slug):
        raise Refused(
            "The address of a status page is made of letters, digits and hyphens.",
            field="slug",
            value=slug,
            fix="Give it a slug like shop-status.",
        )
    settings = {field: _CHECKS[field](value) for field, value in more.items() if value is not None}
    if page.pk:
        by.require(Action.MANAGE, page.team)
    action = "status_page.changed" if page.pk else "status_page.created"
    with change(by, action, page, needs=Action.MANAGE, team=team) as made:
        _must_be_alone(page, slug, settings.get("domain", ""))
        page.team, page.name, page.slug = team, name, slug
        page.description = page.description if description is None else description.strip()
        page.public = page.public if public is None else public
        for field, value in settings.items():
            setattr(page, field, value)
        if password is not None:
            page.password = make_password(password) if password else ""
        page.save()
        if components is not None:
            save_components(page, rows, made.at)
        moved(made, page)
    return page


def _must_be_alone(page: StatusPage, slug: str, domain: str) -> None:
    others = StatusPage.objects.exclude(pk=page.pk)
    if others.filter(slug=slug).exists():
        raise Conflict(
            f"There is already a status page {slug!r}.", field="slug", value=slug, fix="Choose another name."
        )
    if domain and (taken := others.filter(domain=domain).first()):
        raise Conflict(
            f"The status page {taken} has this domain.", field="domain", value=domain, fix="Choose another one."
        )


def _language(code: str) -> str:
    chosen(code, LANGUAGES, "language", field="language")
    return code


def _support_url(url: str) -> str:
    url = url.strip()
    try:
        scheme = urlsplit(url).scheme
    except ValueError:  # such as "http://["
        scheme = ""
    if url and (scheme not in {"https", "http", "mailto"} or len(url) > 500):
        raise Refused(
            "That is not an address for help.",
            field="support_url",
            value=url[:200],
            fix="Use https://… or mailto:help@example.org.",
        )
    return url


_CHECKS: dict[str, Any] = {
    "networks": lambda given: [checked_network(str(each)) for each in given],
    "domain": lambda given: checked_domain(
        str(given), urlsplit(conf.current().url).hostname or "", conf.current().allowed_hosts
    ),
    "language": _language,
    "timezone": lambda given: checked_timezone(str(given)),
    "colour": lambda given: readable_on(str(given), PAPER, field="colour"),
    "colour_dark": lambda given: readable_on(str(given), NIGHT, field="colour_dark"),
    "support_url": _support_url,
}


def set_logo(by: Actor, page: StatusPage, picture: bytes | None) -> None:
    """The picture on top of a page: PNG, JPEG, GIF or WebP. None removes it. (SVG can hold programs, so it is refused.)

    :raises Refused: it is another kind of file, or too large.
    """
    kind = ""
    if picture:
        kind = next((kind for start, kind in _PICTURES.items() if picture.startswith(start)), "")
        if picture[:4] == b"RIFF" and picture[8:12] == b"WEBP":
            kind = "image/webp"
        if not kind or len(picture) > LOGO_BYTES:
            raise Refused(
                "That picture is not accepted.",
                field="logo",
                value=f"{len(picture)} bytes",
                fix=f"Use a PNG, JPEG, GIF or WebP of at most {LOGO_BYTES // 1000} kB.",
            )
    with change(by, "status_page.logo_changed", page, needs=Action.MANAGE, team=page.team) as made:
        page.logo, page.logo_type = picture or None, kind
        page.save(update_fields=["logo", "logo_type"])
        moved(made, page)


def delete_status_page(by: Actor, page: StatusPage) -> None:
    """Delete a page with what was shown on it."""
    with change(by, "status_page.deleted", None, needs=Action.MANAGE, team=page.team) as made:
        made.note(name=page.name, slug=page.slug)
        moved(made, page)
        ComponentSpan.objects.filter(component__page=page).delete()
        page.delete()
