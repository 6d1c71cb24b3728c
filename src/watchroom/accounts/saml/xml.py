"""XML from strangers, and what SAML calls things in it."""

from __future__ import annotations

from lxml import etree

ASSERTION = "urn:oasis:names:tc:SAML:2.0:assertion"
PROTOCOL = "urn:oasis:names:tc:SAML:2.0:protocol"
METADATA = "urn:oasis:names:tc:SAML:2.0:metadata"
SIGNATURE = "http://www.w3.org/2000/09/xmldsig#"
REDIRECT = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
POST = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
NAMES = {"saml": ASSERTION, "samlp": PROTOCOL, "md": METADATA, "ds": SIGNATURE}


def parser() -> etree.XMLParser:
    """Reads no entity, no DTD and nothing from the network. Comments are gone before anything is read: half a name with a
    comment behind it is one name."""
    return etree.XMLParser(
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )


def parse(data: bytes) -> etree._Element:
    """:raises ValueError: it is not XML, or it brings a document type."""
    try:
        root = etree.fromstring(data, parser=parser())
    except (etree.XMLSyntaxError, ValueError) as error:
        raise ValueError(f"It is not XML: {error}") from None
    info = root.getroottree().docinfo
    if info.internalDTD is not None or info.externalDTD is not None or next(root.iter(etree.Entity), None) is not None:
        raise ValueError("It has a document type (DTD) or entities in it, which no identity provider needs.")
    return root


def children(element: etree._Element, path: str) -> list[etree._Element]:
    """What lies at ``path`` (``saml:Subject/saml:NameID``) below an element."""
    return element.findall(path, NAMES)


def text(element: etree._Element | None) -> str:
    """All the text in an element, without space around it; empty: there is none."""
    return "".join(element.itertext()).strip() if element is not None else ""
