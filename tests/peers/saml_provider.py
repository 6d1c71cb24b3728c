"""An identity provider by SAML 2.0: pysaml2 builds what it says, libxmlsec1 signs it. Neither is what Watchroom reads it with."""

from __future__ import annotations

import base64
import shutil
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import xmlsec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from lxml import etree
from saml2 import BINDING_HTTP_POST, BINDING_HTTP_REDIRECT
from saml2.config import IdPConfig
from saml2.metadata import entity_descriptor
from saml2.saml import NAMEID_FORMAT_EMAILADDRESS, NAMEID_FORMAT_PERSISTENT, NAMEID_FORMAT_TRANSIENT, NameID
from saml2.server import Server
from saml2.sigver import CryptoBackendXmlSec1

RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
PASSWORD = {"class_ref": "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"}


def key_and_certificate(name: str = "idp.example.org", days: int = 365) -> tuple[str, str]:
    """A new RSA key and a certificate of its own for it, as PEM. ``days`` below 0: it has run out."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    named = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(named, named, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=400))
        .not_valid_after(now + timedelta(days=days))
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return pem.decode(), made.public_bytes(serialization.Encoding.PEM).decode()


def sign(document: str | bytes, node_id: str, key_pem: str) -> str:
    """Fill in the signature below the element with this ID, for which there is a template, by libxmlsec1."""
    root = etree.fromstring(document if isinstance(document, bytes) else document.encode())
    xmlsec.tree.add_ids(root, ["ID"])
    [element] = root.xpath("//*[@ID=$id]", id=node_id)
    signature = next(each for each in element if etree.QName(each).localname == "Signature")
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(key_pem, xmlsec.constants.KeyDataFormatPem)
    context.sign(signature)
    return str(etree.tostring(root, encoding="unicode"))


class _Library(CryptoBackendXmlSec1):  # type: ignore[misc]
    """pysaml2 starts a program for each signature; this asks the library behind that program."""

    def sign_statement(self, statement: Any, node_name: str, key_file: str, node_id: str) -> str:
        return sign(statement if isinstance(statement, bytes) else str(statement), node_id, Path(key_file).read_text())


class SamlProvider:
    """Signs people in. ``metadata`` is what it says of itself; :meth:`knows` tells it of an application."""

    def __init__(self, url: str = "https://idp.example.org", extra_certificates: tuple[str, ...] = ()) -> None:
        self.url, self.entity_id = url, f"{url}/metadata"
        self.key, self.certificate = key_and_certificate()
        self.folder = Path(tempfile.mkdtemp(prefix="saml-"))
        self._server: Server | None = None

    def stop(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def _config(self, application: str = "") -> IdPConfig:
        (self.folder / "key.pem").write_text(self.key)
        (self.folder / "cert.pem").write_text(self.certificate)
        settings: dict[str, Any] = {
            "entityid": self.entity_id,
            "service": {
                "idp": {
                    "endpoints": {
                        "single_sign_on_service": [
                            (f"{self.url}/sso/post", BINDING_HTTP_POST),
                            (f"{self.url}/sso", BINDING_HTTP_REDIRECT),
                        ]
                    },
                    "name_id_format": [NAMEID_FORMAT_PERSISTENT, NAMEID_FORMAT_EMAILADDRESS],
                }
            },
            "key_file": str(self.folder / "key.pem"),
            "cert_file": str(self.folder / "cert.pem"),
        }
        if application:
            settings["xmlsec_binary"] = "/bin/true"
            (self.folder / "application.xml").write_text(application)
            settings["metadata"] = {"local": [str(self.folder / "application.xml")]}
        return IdPConfig().load(settings)

    @property
    def metadata(self) -> str:
        return str(entity_descriptor(self._config()))

    def knows(self, application: str) -> None:
        """Take in the metadata of an application."""
        self._server = Server(config=self._config(application))
        self._server.sec.crypto = _Library("/bin/true")

    def asked(self, url: str) -> Any:
        """Read the question with which a browser comes here."""
        assert self._server is not None, "it knows no application yet"
        assert url.startswith(f"{self.url}/sso?"), url
        [sent] = parse_qs(urlsplit(url).query)["SAMLRequest"]
        return self._server.parse_authn_request(sent, BINDING_HTTP_REDIRECT).message

    def answer(
        self, question: Any, attributes: dict[str, Any], *, name: str = "", sign_response: bool = False,
        sign_assertion: bool = True, signing: str = RSA_SHA256, digest: str = SHA256,
        transient: bool = False,
    ) -> str:  # fmt: skip
        """The form field ``SAMLResponse`` with which the browser goes back."""
        assert self._server is not None, "it knows no application yet"
        said = self._server.create_authn_response(
            attributes,
            in_response_to=question.id,
            destination=question.assertion_consumer_service_url,
            sp_entity_id=question.issuer.text,
            name_id=NameID(
                format=NAMEID_FORMAT_TRANSIENT if transient else NAMEID_FORMAT_PERSISTENT, text=name or "00u1a2b3"
            ),
            authn=PASSWORD,
            sign_response=sign_response,
            sign_assertion=sign_assertion,
            sign_alg=signing,
            digest_alg=digest,
        )
        return base64.b64encode(str(said).encode()).decode()
