"""What an answer that holds means: whom it is about; and, where none was taken, why, in words for whoever stands outside."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ...kernel.errors import Refused
from ...kernel.signing import fingerprint
from ..rules import checked_email
from ..vouched import Vouched
from .reading import TRANSIENT, NotTaken, Said

LONGEST = 190  # of a name for somebody, as it is kept
_CLAIM = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"
_MICROSOFT = "http://schemas.microsoft.com/ws/2008/06/identity/claims/"
# As Okta, Entra ID, Google Workspace, Keycloak, ADFS and most others call them when nobody says otherwise.
EMAIL = (
    "email", "mail", "emailAddress", "Email", "EmailAddress", "E-Mail", "user.email", "User.Email",
    f"{_CLAIM}emailaddress", "urn:oid:0.9.2342.19200300.100.1.3", "urn:oid:1.2.840.113549.1.9.1", "urn:oid:1.2.840.113549.1.9.1.1",
)  # fmt: skip
NAME = (
    "name", "displayName", "DisplayName", "cn", "fullName", "user.name",
    "http://schemas.microsoft.com/identity/claims/displayname", "urn:oid:2.16.840.1.113730.3.1.241", "urn:oid:2.5.4.3",
)  # fmt: skip
GIVEN = (
    "firstName",
    "first_name",
    "givenName",
    "FirstName",
    "user.firstName",
    f"{_CLAIM}givenname",
    "urn:oid:2.5.4.42",
)
FAMILY = ("lastName", "last_name", "surname", "sn", "LastName", "user.lastName", f"{_CLAIM}surname", "urn:oid:2.5.4.4")
GROUPS = (
    "groups",
    "Groups",
    "group",
    "memberOf",
    f"{_MICROSOFT}groups",
    f"{_CLAIM}Group",
    "urn:oid:1.3.6.1.4.1.5923.1.5.1.1",
)

# By what went wrong: what whoever wants to come in reads, and what an administrator does about it. None of it says what an
# attacker does not know already.
WHY: Mapping[str, tuple[str, str]] = {
    "unreadable": (
        "What came back is not a whole answer.",
        "Try again. If it stays so, the set-up of the identity provider is not SAML 2.0 with HTTP-POST.",
    ),
    "refused": (
        "The identity provider did not let you in.",
        "Give the person this application there, and see what the provider's own log says.",
    ),
    "encrypted": (
        "The answer is encrypted, which Watchroom does not read.",
        "Switch assertion encryption off for this application there: the way of the answer is encrypted by TLS.",
    ),
    "unsigned": ("The answer is not signed.", "Switch on signing of assertions (or of responses) for this application there."),
    "sha1": ("The answer is signed with SHA-1, which anybody can forge by now.", "Choose SHA-256 for signatures there."),
    "signature": (
        "The answer is not signed by the identity provider that Watchroom knows.",
        "Its certificate was probably exchanged: bring the metadata up to date on Watchroom's page of the provider.",
    ),
    "wrapped": ("The answer is not built as it has to be.", "If this happens again, somebody may be trying to get in."),
    "issuer": (
        "The answer comes from another identity provider.",
        "Compare the provider's entity ID (issuer) with the one on Watchroom's page of it.",
    ),
    "destination": (
        "The answer was meant for another address.",
        "Copy the ACS address from Watchroom's page of the provider exactly; is WATCHROOM_URL right?",
    ),
    "recipient": (
        "The answer was meant for another address.",
        "Copy the ACS address from Watchroom's page of the provider exactly; is WATCHROOM_URL right?",
    ),
    "audience": (
        "The answer was made for another application.",
        "Copy the entity ID (audience) from Watchroom's page of the provider exactly.",
    ),
    "early": (
        "The answer is good only later: the clocks do not agree.",
        "Set the clocks of Watchroom's machine and of the provider by NTP; two minutes are allowed.",
    ),
    "late": (
        "The answer is too old, or the clocks do not agree.",
        "Try again. If it stays so, set the clocks of Watchroom's machine and of the provider by NTP.",
    ),
    "replayed": ("This answer has been used already.", "Sign in again from the start, without the browser's back button."),
    "unasked": (
        "This sign-in began at the identity provider, and not here.",
        "Sign in from Watchroom's page, or allow it on Watchroom's page of the provider.",
    ),
    "forgotten": (
        "This browser did not ask for this sign-in, or too long ago.",
        "Sign in again from the start, in one browser, with cookies allowed.",
    ),
    "no_email": (
        "The answer has no e-mail address in it, by which people are known here.",
        "Let the provider send one: an attribute “email”, or a NameID that is the address.",
    ),
    "domain": (
        "This provider may not speak for {address}: it is limited to other domains.",
        "Sign in another way. If it should: its domains are on Watchroom's page of the provider, or in WATCHROOM_OIDC.",
    ),
    "off": ("This way to sign in is switched off.", "Switch it on on Watchroom's page of the provider."),
    "provider": (
        "The identity provider could not be asked, or its answer did not hold.",
        "Try again. The log of Watchroom says what it was.",
    ),
}  # fmt: skip


def vouched(said: Said, *, email: str = "", name: str = "", groups: str = "") -> Vouched:
    """Whom it is about. ``email``, ``name`` and ``groups`` are names of attributes; empty: those that are usual.

    :raises NotTaken: there is no address in it, or no name for them.
    """
    address = _first(said, [email] if email else EMAIL)
    if not address and not email:
        address = said.subject if "@" in said.subject else ""
    try:
        address = checked_email(address) if address else ""
    except Refused:
        raise NotTaken("no_email", f"{address[:100]!r} is no e-mail address.") from None
    if not address:
        names = ", ".join(sorted(said.attributes)) or "none"
        raise NotTaken("no_email", f"Attributes in it: {names[:600]}.")
    full = _first(said, [name] if name else NAME)
    if not full and not name:
        full = f"{_first(said, GIVEN)} {_first(said, FAMILY)}".strip()
    found = [each for each in ([groups] if groups else GROUPS) if each in said.attributes]
    # In too many groups to be told, Entra says where they could be asked (“groups overage”): that is not “in none”.
    unsaid = any(each.endswith("/groups.link") for each in said.attributes) and not found
    # A name that is another one each time would know nobody again.
    subject = said.subject if said.subject and said.subject_format != TRANSIENT else address
    return Vouched(
        subject=subject if len(subject) <= LONGEST else fingerprint(subject),
        email=address,
        name=" ".join(full.split())[:100] or address.partition("@")[0][:100],
        # Who is in no group is often said by leaving the attribute out; that is told apart only where one is named.
        groups=tuple(value for each in found for value in said.attributes[each])
        if found or (groups and not unsaid)
        else None,
    )


def _first(said: Said, names: Iterable[str]) -> str:
    return next((said.attributes[each][0] for each in names if said.attributes.get(each)), "")
