"""What an identity provider's answer says, if it is theirs, for us, for now and for once. No database, no clock, no network.

Only what a signature covers is read: it is what the verifier gives back, never what was sent. Then a second assertion in the same
document, however it is wrapped (“XML signature wrapping”), is nothing that could be read by mistake; that there is one at all is
refused before.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from cryptography import x509
from lxml import etree
from signxml.algorithms import DigestAlgorithm, SignatureMethod
from signxml.verifier import SignatureConfiguration, XMLVerifier

from .xml import ASSERTION, PROTOCOL, SIGNATURE, children, parse, parser, text

LIMIT_BYTES = 512 * 1024  # of an answer as it is sent; those of people in 200 groups have 40 KB
SKEW = timedelta(minutes=2)  # by which two clocks may differ
BEARER = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
TRANSIENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
_SUCCESS = "urn:oasis:names:tc:SAML:2.0:status:Success"
_METHODS = frozenset(
    SignatureMethod[f"{before}SHA{bits}{behind}"]
    for before, behind in (("RSA_", ""), ("ECDSA_", ""), ("", "_RSA_MGF1"))
    for bits in (256, 384, 512)
)
_DIGESTS = frozenset({DigestAlgorithm.SHA256, DigestAlgorithm.SHA384, DigestAlgorithm.SHA512})


class NotTaken(Exception):
    """An answer that lets nobody in. ``code`` is one of :data:`.saying.WHY`, ``detail`` is for administrators alone."""

    def __init__(self, code: str, detail: str = "", asked: str = "") -> None:
        super().__init__(f"{code}: {detail}")
        self.code, self.detail, self.asked = code, detail, asked


@dataclass(frozen=True)
class Expected:
    """Who we are, and whom we believe. Certificates are PEM; any one of them may have signed."""

    audience: str
    acs_url: str
    issuer: str
    certificates: tuple[str, ...]


@dataclass(frozen=True)
class Said:
    """What a provider vouches for. ``asked``: the request that it answers; empty: nobody asked. ``until``: from then on the same
    assertion is refused for its age."""

    id: str
    asked: str
    subject: str
    subject_format: str
    until: datetime
    attributes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def read(sent: str, expected: Expected, now: datetime) -> Said:
    """What ``sent`` (``SAMLResponse`` of a form) says.

    :raises NotTaken: it is not whole, not signed by ``expected``, not for us, or not for ``now``.
    """
    if len(sent) > LIMIT_BYTES:
        raise NotTaken("unreadable", f"It is longer than {LIMIT_BYTES // 1024} KB.")
    try:
        root = parse(base64.b64decode("".join(sent.split()), validate=True))
    except (binascii.Error, ValueError) as error:
        raise NotTaken("unreadable", str(error)) from None
    asked = (root.get("InResponseTo") or "")[:200]
    try:
        return _read(root, expected, now)
    except OverflowError:
        raise NotTaken("unreadable", "A time in it lies at the end of the calendar.", asked) from None
    except NotTaken as error:
        error.asked = asked  # not vouched for: it says only whose try this was
        raise


def _read(root: etree._Element, expected: Expected, now: datetime) -> Said:
    if root.tag != f"{{{PROTOCOL}}}Response":
        raise NotTaken("unreadable", f"It is a {etree.QName(root).localname}, not a Response.")
    status = [each.get("Value", "") for each in children(root, "samlp:Status//samlp:StatusCode")]
    if status[:1] != [_SUCCESS]:
        words = text(root.find(f"{{{PROTOCOL}}}Status/{{{PROTOCOL}}}StatusMessage"))
        raise NotTaken("refused", " ".join([*(each.rpartition(":")[2] for each in status), words])[:500])
    if next(root.iter(f"{{{ASSERTION}}}EncryptedAssertion"), None) is not None:
        raise NotTaken("encrypted")
    found = list(root.iter(f"{{{ASSERTION}}}Assertion"))
    if len(found) != 1 or found[0].getparent() is not root:
        raise NotTaken("wrapped", f"It has {len(found)} assertions in it, or one that is not where it belongs.")
    _same("issuer", children(root, "saml:Issuer"), expected.issuer)
    if (destination := root.get("Destination")) and destination != expected.acs_url:
        raise NotTaken("destination", f"It was sent to {destination[:200]}, and not to {expected.acs_url}.")
    assertion = _signed(root, found[0], expected.certificates)
    _same("issuer", children(assertion, "saml:Issuer"), expected.issuer, needed=True)
    until = _conditions(assertion, expected, now)
    name, asked, confirmed_until = _subject(assertion, expected, now)
    if not children(assertion, "saml:AuthnStatement"):
        raise NotTaken("unreadable", "It does not say that anybody has signed in (no AuthnStatement).")
    for statement in children(assertion, "saml:AuthnStatement"):
        if (ends := _time(statement.get("SessionNotOnOrAfter"))) and ends + SKEW <= now:
            raise NotTaken("late", f"The session there ended at {ends:%Y-%m-%d %H:%M:%S} UTC.")
    return Said(
        id=assertion.get("ID", ""),
        asked=asked,
        subject=text(name),
        subject_format=name.get("Format", "") if name is not None else "",
        until=max(until, confirmed_until) + SKEW,
        attributes=_attributes(assertion),
    )


def _same(code: str, found: list[etree._Element], wanted: str, needed: bool = False) -> None:
    said = [text(each) for each in found]
    if said != [wanted] and (said or needed):
        raise NotTaken(code, f"It comes from {', '.join(said)[:200] or 'nobody'}, and not from {wanted}.")


def _signed(root: etree._Element, assertion: etree._Element, certificates: tuple[str, ...]) -> etree._Element:
    """The assertion as it was signed, by itself or with the whole answer. What is signed twice must hold twice."""
    signed: etree._Element | None = None
    places = ((root, "./"), (assertion, f"./{{{ASSERTION}}}Assertion/"))
    if sum(1 for _ in root.iter(f"{{{SIGNATURE}}}Signature")) != sum(
        len(children(each, "ds:Signature")) for each, _ in places
    ):
        raise NotTaken("wrapped", "It has a signature where none belongs.")
    for element, place in places:
        signatures = children(element, "ds:Signature")
        if len(signatures) > 1:
            raise NotTaken("wrapped", "It has two signatures where one belongs.")
        if signatures:
            signed = _verified(root, element, signatures[0], place, certificates)
    if signed is None:
        raise NotTaken("unsigned")
    if signed.tag == f"{{{ASSERTION}}}Assertion":
        return signed
    inside = children(signed, "saml:Assertion")
    if len(inside) != 1:
        raise NotTaken("wrapped", "What was signed has no assertion in it, or several.")
    return inside[0]


def _verified(
    root: etree._Element, element: etree._Element, signature: etree._Element, place: str, certificates: tuple[str, ...]
) -> etree._Element:
    references = [each.get("URI") for each in children(signature, "ds:SignedInfo/ds:Reference")]
    if not element.get("ID") or references != [f"#{element.get('ID')}"]:
        raise NotTaken("wrapped", "A signature is about something else than what it stands in.")
    for each in signature.iter(f"{{{SIGNATURE}}}SignatureMethod", f"{{{SIGNATURE}}}DigestMethod"):
        if (used := each.get("Algorithm", "")).lower().endswith("sha1"):
            raise NotTaken("sha1", f"It is signed with {used}.")
    problem = "There is no certificate to check it with."
    for pem in certificates:
        certificate = x509.load_pem_x509_certificate(pem.encode())
        # Whoever gave us this certificate vouches for its key, not a calendar: one that has run out over night must not lock a
        # company out of its incident response. The page warns of it weeks before.
        config = SignatureConfiguration(
            location=place,
            expect_references=1,
            signature_methods=_METHODS,
            digest_algorithms=_DIGESTS,
            verification_time=certificate.not_valid_before_utc,
        )
        try:
            result = XMLVerifier().verify(
                root, x509_cert=certificate, id_attribute="ID", expect_config=config, parser=parser()
            )
        except Exception as error:  # whatever it stumbles over, nobody has vouched for it
            problem = f"{type(error).__name__}: {str(error)[:300]}"
            continue
        signed = None if isinstance(result, list) else result.signed_xml
        if signed is None or signed.tag != element.tag or signed.get("ID") != element.get("ID"):
            raise NotTaken("wrapped", "What was signed is something else than what was sent.")
        return signed
    raise NotTaken("signature", problem)


def _conditions(assertion: etree._Element, expected: Expected, now: datetime) -> datetime:
    conditions = children(assertion, "saml:Conditions")
    if len(conditions) != 1:
        raise NotTaken("audience", "It does not say for whom it is (no Conditions).")
    until = _in_time(conditions[0], now)
    audiences = [
        [text(each) for each in children(restriction, "saml:Audience")]
        for restriction in children(conditions[0], "saml:AudienceRestriction")
    ]
    if not audiences or any(expected.audience not in each for each in audiences):
        said = ", ".join(each for some in audiences for each in some)[:300] or "nobody"
        raise NotTaken("audience", f"It is for {said}, and not for {expected.audience}.")
    return until or now + timedelta(days=1)


def _subject(
    assertion: etree._Element, expected: Expected, now: datetime
) -> tuple[etree._Element | None, str, datetime]:
    """Whom it is about, which request it answers, and until when it may be brought to us."""
    name = next(iter(children(assertion, "saml:Subject/saml:NameID")), None)
    refused = NotTaken("recipient", "It does not say to whom it may be brought (no bearer confirmation).")
    for confirmation in children(assertion, "saml:Subject/saml:SubjectConfirmation"):
        data = next(iter(children(confirmation, "saml:SubjectConfirmationData")), None)
        if confirmation.get("Method") != BEARER or data is None:
            continue
        try:
            if data.get("Recipient") != expected.acs_url:
                raise NotTaken("recipient", f"It is to be brought to {str(data.get('Recipient'))[:200]}.")
            until = _in_time(data, now)
            if until is None:
                raise NotTaken("late", "It does not say until when it may be brought (NotOnOrAfter).")
            return name, data.get("InResponseTo") or "", until
        except NotTaken as error:
            refused = error
    raise refused


def _in_time(element: etree._Element, now: datetime) -> datetime | None:
    begins, ends = _time(element.get("NotBefore")), _time(element.get("NotOnOrAfter"))
    ours = f"here it is {now:%Y-%m-%d %H:%M:%S} UTC."
    if begins and begins - SKEW > now:
        raise NotTaken("early", f"It is good from {begins:%Y-%m-%d %H:%M:%S} UTC on; {ours}")
    if ends and ends + SKEW <= now:
        raise NotTaken("late", f"It was good until {ends:%Y-%m-%d %H:%M:%S} UTC; {ours}")
    return ends


def _time(written: str | None) -> datetime | None:
    if not written:
        return None
    try:
        at = datetime.fromisoformat(written)
    except ValueError:
        raise NotTaken("unreadable", f"{written[:60]!r} is not a time.") from None
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)


def _attributes(assertion: etree._Element) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for each in children(assertion, "saml:AttributeStatement/saml:Attribute"):
        if name := each.get("Name"):
            values = tuple(value for one in children(each, "saml:AttributeValue") if (value := text(one)))
            found[name] = (*found.get(name, ()), *values)
    return found
