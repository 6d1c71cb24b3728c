"""What is asked of an identity provider: to sign somebody in (AuthnRequest, by the HTTP-Redirect binding)."""

from __future__ import annotations

import base64
import secrets
import zlib
from datetime import datetime
from urllib.parse import urlencode, urlsplit

from lxml import etree
from lxml.builder import ElementMaker

from .xml import ASSERTION, POST, PROTOCOL

_protocol = ElementMaker(namespace=PROTOCOL, nsmap={"samlp": PROTOCOL, "saml": ASSERTION})
_assertion = ElementMaker(namespace=ASSERTION, nsmap={"saml": ASSERTION})


def new_id() -> str:
    """What tells this request from all others: an XML ID, which begins with a letter, of 192 random bits."""
    return f"w{secrets.token_hex(24)}"


def request_url(sso_url: str, *, id: str, audience: str, acs_url: str, now: datetime) -> str:
    """Where a browser goes to ask. The form of a name is left to the provider: each has its own, and refuses others."""
    request = _protocol.AuthnRequest(
        _assertion.Issuer(audience),
        ID=id,
        Version="2.0",
        IssueInstant=f"{now:%Y-%m-%dT%H:%M:%SZ}",
        Destination=sso_url,
        AssertionConsumerServiceURL=acs_url,
        ProtocolBinding=POST,
    )
    packed = zlib.compress(etree.tostring(request))[2:-4]  # DEFLATE alone (RFC 1951), as the binding says
    query = urlencode({"SAMLRequest": base64.b64encode(packed).decode()})
    return f"{sso_url}{'&' if urlsplit(sso_url).query else '?'}{query}"
