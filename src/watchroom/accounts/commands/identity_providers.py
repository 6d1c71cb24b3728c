"""Identity providers by SAML: set up, read anew, switched on, deleted."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from datetime import timedelta
from typing import Any

from allauth.socialaccount.models import SocialAccount
from django.db import IntegrityError, transaction

from ...kernel import clock, http
from ...kernel.db import locked
from ...kernel.errors import Conflict, Refused, WatchroomError
from ...kernel.names import short_name
from ...kernel.signing import fingerprint, new_key
from ..actors import Actor
from ..changes import change
from ..models import IdentityProvider, SamlAnswer
from ..queries import missing_of
from ..roles import Action
from ..rules import checked_domains, checked_name
from ..saml.metadata import LIMIT_BYTES, Metadata, read_certificates, read_metadata
from ..saml.reading import NotTaken, Said
from ..vouched import Vouched

READ_EVERY = timedelta(days=1)
FETCHED_WITHIN = timedelta(minutes=5)  # the browser that brought an answer comes for it at once
_TAKEN = frozenset(
    {"oidc", "saml", "openid_connect", "new", "groups", "only"}
)  # by what signs in otherwise, and by our pages
_TEXTS = {
    "entity_id": 1024,
    "sso_url": 2000,
    "email_attribute": 200,
    "name_attribute": 200,
    "groups_attribute": 200,
}


def save_provider(
    by: Actor,
    provider: IdentityProvider | None,
    *,
    name: str,
    slug: str = "",
    metadata_url: str | None = None,
    metadata: str = "",
    certificates: str | list[str] | None = None,
    domains: str | list[str] | None = None,
    enabled: bool | None = None,
    adds_people: bool | None = None,
    unasked: bool | None = None,
    **texts: str,
) -> IdentityProvider:
    """Set up a provider, or change it. What it is comes from ``metadata`` (XML), from ``metadata_url``, or by hand from
    ``entity_id``, ``sso_url`` and ``certificates``; what is left out stays as it is. Another address of metadata is read at once;
    where that fails, ``error`` says why, and all else is saved.

    :raises Refused: something of it is not accepted; it is switched on and not whole.
    :raises Conflict: another one has this slug or this entity ID.
    """
    by.require(Action.ADMINISTER)
    created, address = provider is None, metadata_url
    if address is not None:
        address = _checked_address(address) if address.strip() else ""
    read: Metadata | WatchroomError | None = None
    if address and (provider is None or address != provider.metadata_url or missing_of(provider)):
        read = _fetched(address)  # before any row is locked: it may take its time
    with change(by, f"identity_provider.{'created' if created else 'changed'}", needs=Action.ADMINISTER) as made:
        # As it is now, and not as it was when the page was opened: a certificate that was read meanwhile stays.
        row = IdentityProvider() if provider is None else locked(IdentityProvider.objects.filter(pk=provider.pk)).get()
        before = copy(row)
        row.name = checked_name(name)
        row.slug = _checked_slug(slug, row)
        row.adds_people = row.adds_people if adds_people is None else adds_people
        row.unasked = row.unasked if unasked is None else unasked
        row.enabled = row.enabled if enabled is None else enabled
        row.domains = row.domains if domains is None else checked_domains(domains)
        _write(row, texts)
        if certificates is not None:
            written = certificates if isinstance(certificates, str) else "\n\n".join(certificates)
            row.certificates = list(read_certificates(written)) if written.strip() else []
        if metadata.strip():
            _take(row, read_metadata(metadata))
        if address is not None and address != row.metadata_url:
            row.metadata_url, row.error = address, ""
        if read is not None:
            row.read_at = made.at
            _take(row, read)
        if row.sso_url:
            _check_sso(row.sso_url)
        _check_whole(row)
        if taken := _taken(row.entity_id, row):
            raise taken
        if before.entity_id not in ("", row.entity_id):
            # Another provider's names are other people: whom the old one vouched for is found by the address again.
            SocialAccount.objects.filter(provider=row.slug).delete()
        try:
            with transaction.atomic():
                row.save()
        except IntegrityError:
            raise Conflict(
                f"There is already a provider {row.slug!r}.", field="slug", value=row.slug, fix="Choose another name."
            ) from None
        made.subject = row
        made.note(slug=row.slug, enabled=row.enabled, **({} if created else _changed(before, row)))
    return row


def switch_provider(by: Actor, provider: IdentityProvider, *, on: bool) -> None:
    """Let people in by it, or no more. Who is in stays in.

    :raises Refused: it is not whole.
    """
    with change(by, "identity_provider.changed", provider, needs=Action.ADMINISTER) as made:
        row = locked(IdentityProvider.objects.filter(pk=provider.pk)).get()
        row.enabled = on
        _check_whole(row)
        row.save(update_fields=["enabled"])
        made.note(slug=row.slug, enabled=on)
        provider.enabled = on


def _taken(entity_id: str, row: IdentityProvider) -> Conflict | None:
    if not entity_id or not IdentityProvider.objects.filter(entity_id=entity_id).exclude(pk=row.pk).exists():
        return None
    return Conflict("Another provider has this entity ID.", field="entity_id", value=entity_id, fix="Change that one.")


def _check_whole(row: IdentityProvider) -> None:
    if row.enabled and (missing := missing_of(row)):
        raise Refused(
            f"It can't be switched on yet, without {' and '.join(missing)}.",
            field="enabled",
            value=True,
            fix=f"{row.error} Give its metadata first.".strip(),
        )


def _checked_slug(slug: str, row: IdentityProvider) -> str:
    text = short_name(slug, before=row.slug, name=row.name, otherwise="sso", among=IdentityProvider.objects)
    if (row.slug and text != row.slug) or text in _TAKEN:
        raise Refused(
            "The short name of a provider can't be that, or be changed: it stands in the addresses that it was given.",
            field="slug",
            value=text,
            fix=f"Leave it as {row.slug}." if row.slug else "Choose another name.",
        )
    return text


def _write(row: IdentityProvider, texts: Mapping[str, str]) -> None:
    for field, value in texts.items():
        if field not in _TEXTS:
            raise Refused("A provider has no such field.", field=field, value=value, fix=f"Use {', '.join(_TEXTS)}.")
        if len(value.strip()) > _TEXTS[field]:
            raise Refused(
                "That is too long.", field=field, value=value[:80], fix=f"{_TEXTS[field]} characters at most."
            )
        setattr(row, field, value.strip())


def _changed(before: IdentityProvider, after: IdentityProvider) -> dict[str, Any]:
    named = (
        "name",
        "entity_id",
        "sso_url",
        "metadata_url",
        "adds_people",
        "unasked",
        "domains",
        "certificates",
        *_TEXTS,
    )
    found = sorted({name for name in named if getattr(before, name) != getattr(after, name)})
    return {"fields": found} if found else {}


def _check_sso(url: str) -> None:
    if (
        not url.startswith(("https://", "http://"))
        or len(url) > _TEXTS["sso_url"]
        or any(each.isspace() for each in url)
    ):
        raise Refused(
            "That is not a web address.",
            field="sso_url",
            value=url[:80],
            fix="Use the provider's single sign-on address.",
        )


def _take(row: IdentityProvider, said: Metadata | WatchroomError) -> None:
    """What was known stays where nothing could be read."""
    if isinstance(said, WatchroomError):
        row.error = str(said)[:500]
    else:
        row.entity_id, row.sso_url, row.certificates = said.entity_id, said.sso_url, list(said.certificates)
        row.error = ""


def _checked_address(url: str) -> str:
    """Whoever sits between could put their own certificate in place of the provider's, and come in as anybody: so no plain HTTP,
    but from this very machine."""
    address = http.check_url(url, field="metadata_url")
    if not address.startswith("https://") and not http.is_loopback(address):
        raise Refused(
            "Metadata are taken by https alone: they say whose signature lets people in.",
            field="metadata_url",
            value=url.strip()[:200],
            fix=f"Use the provider's https:// address ({address.replace('http://', 'https://', 1)[:200]}?), or paste the metadata.",
        )
    return address


def _fetched(url: str) -> Metadata | WatchroomError:
    try:
        answer = http.fetch("GET", _checked_address(url), limit_bytes=LIMIT_BYTES)
        if answer.status != 200:
            raise Refused(
                f"{http.origin(url)} answered {answer.status}.",
                field="metadata_url",
                value=http.origin(url),
                fix="Open the address in a browser: it must give XML.",
            )
        said = read_metadata(answer.body)
        _check_sso(said.sso_url)
    except WatchroomError as error:
        return error
    return said


def read_again(by: Actor, provider: IdentityProvider) -> IdentityProvider:
    """Bring what the provider says of itself up to date, for a certificate that was exchanged. Another entity ID is refused: that
    would be another provider.

    :raises WatchroomError: its metadata can't be had, or is another provider's; it is written down, and what was known stays.
    """
    by.require(Action.ADMINISTER)
    if not provider.metadata_url:
        raise Refused(
            "Watchroom knows no address of its metadata.",
            field="metadata_url",
            value="",
            fix="Give one, or paste the metadata.",
        )
    said = _fetched(provider.metadata_url)
    with transaction.atomic():
        row = locked(IdentityProvider.objects.filter(pk=provider.pk)).get()
        if row.metadata_url != provider.metadata_url:
            return row  # somebody has said another address meanwhile, which was read then
        if isinstance(said, Metadata) and row.entity_id and said.entity_id != row.entity_id:
            said = Refused(
                f"There is another provider now: {said.entity_id[:200]}.",
                field="metadata_url",
                value=http.origin(row.metadata_url),
                fix="If that is meant, set up a new one.",
            )
        if isinstance(said, Metadata):
            said = _taken(said.entity_id, row) or said
        known = list(row.certificates), row.sso_url
        row.read_at = clock.now()
        _take(row, said)
        row.save()
        if (row.certificates, row.sso_url) != known:
            with change(by, "identity_provider.read_again", row, needs=Action.ADMINISTER) as made:
                made.note(certificates=[len(known[0]), len(row.certificates)])
    if isinstance(said, WatchroomError):
        raise said
    return row


def delete_provider(by: Actor, provider: IdentityProvider) -> None:
    """Nobody comes in by it any more. Whom it knew by its own names is forgotten; the people stay, and their passwords."""
    with change(by, "identity_provider.deleted", provider, needs=Action.ADMINISTER) as made:
        made.note(name=provider.name, slug=provider.slug)
        made.subject = None
        SocialAccount.objects.filter(provider=provider.slug).delete()
        provider.delete()


def keep_answer(provider: IdentityProvider, said: Said, vouched: Vouched) -> str:
    """Keep what a provider vouches for until the browser comes for it. Returns the key with which it comes.

    :raises NotTaken: this assertion has been brought before.
    """
    key, now = new_key("wsa"), clock.now()
    SamlAnswer.objects.filter(until__lt=now).delete()
    try:
        with transaction.atomic():
            SamlAnswer.objects.create(
                provider=provider,
                mark=fingerprint(said.id),
                key_hash=fingerprint(key),
                asked=said.asked[:200],
                said={
                    "subject": vouched.subject,
                    "email": vouched.email,
                    "name": vouched.name,
                    "groups": None if vouched.groups is None else list(vouched.groups),
                    "attributes": {name: list(values) for name, values in said.attributes.items()},
                },
                kept_at=now,
                until=said.until,
            )
    except IntegrityError:
        raise NotTaken("replayed", f"The assertion {said.id[:100]} was here before.", said.asked) from None
    return key


def unasked_answer(provider: IdentityProvider, key: str) -> dict[str, Any] | None:
    """What an answer says that nobody here asked for, and that goes on being kept; None: there is none under this key."""
    since = clock.now() - FETCHED_WITHIN
    kept = SamlAnswer.objects.filter(provider=provider, key_hash=fingerprint(key), asked="", kept_at__gte=since).first()
    return kept.said if kept else None


def fetch_answer(key: str) -> tuple[SamlAnswer, dict[str, Any]] | None:
    """What was kept under this key, and what it says; None: nothing is, it was fetched before, or it is too late for it."""
    kept = SamlAnswer.objects.select_related("provider").filter(key_hash=fingerprint(key), said__isnull=False).first()
    if kept is None or not SamlAnswer.objects.filter(pk=kept.pk, said__isnull=False).update(said=None):
        return None
    return (kept, kept.said) if clock.now() - kept.kept_at <= FETCHED_WITHIN else None
