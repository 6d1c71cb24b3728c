"""What an identity provider says of itself, and what we say of ourselves: SAML metadata."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree
from lxml.builder import ElementMaker

from ...kernel.errors import Refused
from .xml import METADATA, POST, PROTOCOL, REDIRECT, children, parse, text

LIMIT_BYTES = 1024 * 1024
_metadata = ElementMaker(namespace=METADATA, nsmap={"md": METADATA})


@dataclass(frozen=True)
class Metadata:
    """A provider: its name for itself, where it signs people in, and the certificates (PEM) of which any one may sign."""

    entity_id: str
    sso_url: str
    certificates: tuple[str, ...]


def read_metadata(written: str | bytes) -> Metadata:
    """What a provider says of itself.

    :raises Refused: it is no metadata of an identity provider that takes what we send.
    """
    data = written.encode() if isinstance(written, str) else written

    def refused(message: str, fix: str = "") -> Refused:
        return Refused(
            message,
            field="metadata",
            value=data[:80].decode("utf-8", "replace"),
            fix=fix or "Copy the whole metadata file (XML) of your identity provider, or its address.",
        )

    if len(data) > LIMIT_BYTES:
        raise refused("That is too long for the metadata of one identity provider.")
    try:
        root = parse(data.strip())
    except ValueError as error:
        raise refused(f"That is no metadata. {error}") from None
    entities = [each for each in root.iter(f"{{{METADATA}}}EntityDescriptor") if children(each, "md:IDPSSODescriptor")]
    if len(entities) != 1 or not entities[0].get("entityID"):
        raise refused(
            f"There are {len(entities)} identity providers in it, and there must be one."
            if entities
            else "There is no identity provider in it.",
            "This may be the metadata of an application: take that of the identity provider.",
        )
    provider = children(entities[0], "md:IDPSSODescriptor")[0]
    places = [
        each.get("Location", "")
        for each in children(provider, "md:SingleSignOnService")
        if each.get("Binding") == REDIRECT
    ]
    if not places:
        raise refused("It has no address for HTTP-Redirect.", "Switch that binding on there.")
    keys = [each for each in children(provider, "md:KeyDescriptor") if each.get("use") != "encryption"]
    found = [text(each) for key in keys for each in children(key, "ds:KeyInfo/ds:X509Data/ds:X509Certificate")]
    return Metadata(entities[0].get("entityID", ""), places[0], read_certificates("\n\n".join(found)))


def read_certificates(written: str) -> tuple[str, ...]:
    """Certificates as PEM, each once, from PEM or bare Base64 with an empty line between two.

    :raises Refused: one of them is none, or is of a kind of key that is not taken.
    """
    found: list[str] = []
    armour = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
    for part in written.replace(armour[0], "\n\n").replace(armour[1], "\n\n").split("\n\n"):
        if not (bare := "".join(part.split())):
            continue
        try:
            certificate = x509.load_der_x509_certificate(base64.b64decode(bare, validate=True))
            certificate.public_key()
        except (binascii.Error, ValueError, TypeError, x509.UnsupportedGeneralNameType, UnsupportedAlgorithm) as error:
            raise Refused(
                f"That is no certificate: {str(error)[:100]}",
                field="certificates",
                value=bare[:40],
                fix="Copy the signing certificate (PEM, or “X.509 certificate” in Base64) of your identity provider.",
            ) from None
        pem = certificate.public_bytes(Encoding.PEM).decode()
        if pem not in found:
            found.append(pem)
    if not found:
        raise Refused(
            "There is no certificate.",
            field="certificates",
            value="",
            fix="Copy the signing certificate of your identity provider.",
        )
    return tuple(found[:10])


def own_metadata(audience: str, acs_url: str) -> bytes:
    """What we say of ourselves, for a provider that reads it from a file or an address."""
    return etree.tostring(
        _metadata.EntityDescriptor(
            _metadata.SPSSODescriptor(
                _metadata.AssertionConsumerService(Binding=POST, Location=acs_url, index="0", isDefault="true"),
                AuthnRequestsSigned="false",
                WantAssertionsSigned="true",
                protocolSupportEnumeration=PROTOCOL,
            ),
            entityID=audience,
        ),
        xml_declaration=True,
        encoding="utf-8",
        pretty_print=True,
    )
