"""What somebody sends who wants in by SAML without being let in. The answers are real ones (pysaml2, libxmlsec1), then changed.

Signature wrapping by its eight variants: Somorovsky et al., On Breaking SAML: Be Whoever You Want to Be (USENIX Security 2012).
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from copy import deepcopy
from datetime import datetime, timedelta
from typing import Any

import pytest
from lxml import etree

from peers.saml_provider import RSA_SHA256, SamlProvider, key_and_certificate, sign
from watchroom.accounts.saml.asking import new_id, request_url
from watchroom.accounts.saml.metadata import own_metadata
from watchroom.accounts.saml.reading import Expected, NotTaken, Said, read
from watchroom.accounts.saml.saying import WHY, vouched
from watchroom.kernel import clock

AUDIENCE, ACS = "https://w.example.org/account/saml/okta/metadata", "https://w.example.org/account/saml/okta/acs"
ANNA = {"email": ["anna@example.org"], "displayName": ["Anna Berg"]}
A = "{urn:oasis:names:tc:SAML:2.0:assertion}"
P = "{urn:oasis:names:tc:SAML:2.0:protocol}"
D = "{http://www.w3.org/2000/09/xmldsig#}"
Tree = Any


class World:
    """A provider that knows us, and what we expect of it."""

    def __init__(self) -> None:
        self.provider = SamlProvider()
        self.provider.knows(own_metadata(AUDIENCE, ACS).decode())
        self.expected = Expected(AUDIENCE, ACS, self.provider.entity_id, (self.provider.certificate,))

    def answer(self, attributes: Any = None, **how: Any) -> str:
        url = request_url(f"{self.provider.url}/sso", id=new_id(), audience=AUDIENCE, acs_url=ACS, now=clock.now())
        return self.provider.answer(self.provider.asked(url), attributes or ANNA, **how)

    def tree(self, **how: Any) -> Tree:
        return etree.fromstring(base64.b64decode(self.answer(**how)))

    def read(self, answer: str | Tree, at: datetime | None = None, **other: Any) -> Said:
        sent = answer if isinstance(answer, str) else base64.b64encode(etree.tostring(answer)).decode()
        return read(sent, Expected(**(self.expected.__dict__ | other)), at or clock.now())

    def refused(self, answer: str | Tree, at: datetime | None = None, **other: Any) -> str:
        with pytest.raises(NotTaken) as told:
            self.read(answer, at, **other)
        assert told.value.code in WHY
        return told.value.code

    def changed(self, change: Callable[[Tree], None], sign_assertion: bool = True) -> Tree:
        """An answer that was changed before its assertion was signed."""
        tree = self.tree()
        assertion = tree.find(f"{A}Assertion")
        signature = assertion.find(f"{D}Signature")
        for name in ("DigestValue", "SignatureValue"):
            next(signature.iter(f"{D}{name}")).text = ""
        change(tree)
        return etree.fromstring(sign(etree.tostring(tree), assertion.get("ID"), self.provider.key))


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    made = World()
    yield made
    made.provider.stop()


def test_what_is_right_is_taken(world: World) -> None:
    for answer, assertion in ((True, False), (False, True), (True, True)):
        said = world.read(world.answer(sign_response=answer, sign_assertion=assertion))
        assert vouched(said).email == "anna@example.org"
    assert (
        world.read(world.changed(lambda tree: None)).subject == "00u1a2b3"
    )  # so what follows is refused for its change


def test_without_a_signature_nothing_counts(world: World) -> None:
    assert world.refused(world.answer(sign_assertion=False)) == "unsigned"
    stripped = world.tree()
    for each in list(stripped.iter(f"{D}Signature")):
        each.getparent().remove(each)
    assert world.refused(stripped) == "unsigned"


def test_another_key_signs_nothing_here_even_with_its_certificate_in_the_answer(world: World) -> None:
    other = SamlProvider()  # it calls itself the same
    other.knows(own_metadata(AUDIENCE, ACS).decode())
    url = request_url(f"{other.url}/sso", id=new_id(), audience=AUDIENCE, acs_url=ACS, now=clock.now())
    for answer, assertion in ((True, False), (False, True), (True, True)):
        sent = other.answer(other.asked(url), ANNA, sign_response=answer, sign_assertion=assertion)
        assert world.refused(sent) == "signature"
    other.stop()
    assert world.refused(world.answer(), certificates=()) == "signature"
    assert world.read(world.answer(), certificates=(key_and_certificate()[1], world.provider.certificate))


@pytest.mark.parametrize("what", ["email", "name", "audience", "recipient", "until", "answer"])
def test_nothing_that_was_signed_can_be_changed(world: World, what: str) -> None:
    tree = world.tree(sign_response=what == "answer")
    if what == "email":
        next(tree.iter(f"{A}AttributeValue")).text = "root@example.org"
    elif what == "name":
        next(tree.iter(f"{A}NameID")).text = "root"
    elif what == "audience":
        etree.SubElement(next(tree.iter(f"{A}AudienceRestriction")), f"{A}Audience").text = AUDIENCE
    elif what == "recipient":
        next(tree.iter(f"{A}SubjectConfirmationData")).set("InResponseTo", "another")
    elif what == "until":
        next(tree.iter(f"{A}Conditions")).set("NotOnOrAfter", "2099-01-01T00:00:00Z")
    else:
        tree.set("InResponseTo", "another")
    assert world.refused(tree) == "signature"


def forged(assertion: Tree) -> Tree:
    """An assertion about somebody else, with no signature of its own and an ID of its own."""
    made = deepcopy(assertion)
    for each in made.findall(f"{D}Signature"):
        made.remove(each)
    made.set("ID", "forged")
    next(made.iter(f"{A}NameID")).text = "root"
    next(made.iter(f"{A}AttributeValue")).text = "root@example.org"
    return made


def _xsw1(tree: Tree) -> Tree:
    """The signed answer within the signature of a forged one."""
    evil = deepcopy(tree)
    evil.set("ID", "evil")
    evil.replace(evil.find(f"{A}Assertion"), forged(evil.find(f"{A}Assertion")))
    original = deepcopy(tree)
    original.remove(original.find(f"{D}Signature"))
    evil.find(f"{D}Signature").append(original)
    return evil


def _xsw2(tree: Tree) -> Tree:
    """The signed answer beside its signature, within a forged one."""
    evil = deepcopy(tree)
    evil.set("ID", "evil")
    evil.replace(evil.find(f"{A}Assertion"), forged(evil.find(f"{A}Assertion")))
    original = deepcopy(tree)
    original.remove(original.find(f"{D}Signature"))
    evil.insert(0, original)
    return evil


def _xsw3(tree: Tree) -> Tree:
    """A forged assertion before the signed one."""
    tree.insert(list(tree).index(tree.find(f"{A}Assertion")), forged(tree.find(f"{A}Assertion")))
    return tree


def _xsw4(tree: Tree) -> Tree:
    """The signed assertion within a forged one."""
    signed = tree.find(f"{A}Assertion")
    evil = forged(signed)
    tree.replace(signed, evil)
    evil.append(signed)
    return tree


def _xsw5(tree: Tree) -> Tree:
    """The signature within the forged assertion, what it is about behind it."""
    signed = tree.find(f"{A}Assertion")
    evil = forged(signed)
    signature = signed.find(f"{D}Signature")
    evil.insert(1, deepcopy(signature))
    signed.remove(signature)
    tree.replace(signed, evil)
    tree.append(signed)
    return tree


def _xsw6(tree: Tree) -> Tree:
    """As the one before, and what it is about within the signature."""
    signed = tree.find(f"{A}Assertion")
    evil = forged(signed)
    signature = deepcopy(signed.find(f"{D}Signature"))
    signed.remove(signed.find(f"{D}Signature"))
    tree.replace(signed, evil)
    evil.insert(1, signature)
    signature.append(signed)
    return tree


def _xsw7(tree: Tree) -> Tree:
    """A forged assertion within an extension, which takes anything."""
    extensions = etree.Element(f"{P}Extensions")
    extensions.append(forged(tree.find(f"{A}Assertion")))
    tree.insert(0, extensions)
    return tree


def _xsw8(tree: Tree) -> Tree:
    """The signed assertion within an object of the signature of the forged one."""
    signed = tree.find(f"{A}Assertion")
    evil = forged(signed)
    signature = deepcopy(signed.find(f"{D}Signature"))
    signed.remove(signed.find(f"{D}Signature"))
    tree.replace(signed, evil)
    evil.insert(1, signature)
    etree.SubElement(signature, f"{D}Object").append(signed)
    return tree


def _same_id(tree: Tree) -> Tree:
    """The forged one has the ID of the signed one."""
    evil = forged(tree.find(f"{A}Assertion"))
    evil.set("ID", tree.find(f"{A}Assertion").get("ID"))
    tree.insert(1, evil)
    return tree


def _whole(tree: Tree) -> Tree:
    """The forged one takes the place of the signed one, whose signature stays."""
    signed = tree.find(f"{A}Assertion")
    evil = forged(signed)
    evil.set("ID", signed.get("ID"))
    evil.insert(1, deepcopy(signed.find(f"{D}Signature")))
    tree.replace(signed, evil)
    return tree


WRAPPED = {
    "1": (_xsw1, True), "2": (_xsw2, True), "3": (_xsw3, False), "4": (_xsw4, False), "5": (_xsw5, False),
    "6": (_xsw6, False), "7": (_xsw7, False), "8": (_xsw8, False), "same ID": (_same_id, False), "replaced": (_whole, False),
}  # fmt: skip


@pytest.mark.parametrize("variant", WRAPPED)
def test_a_signature_wrapped_around_something_else_is_seen(world: World, variant: str) -> None:
    wrap, whole = WRAPPED[variant]
    tree = world.tree(sign_response=whole, sign_assertion=not whole)
    assert vouched(world.read(deepcopy(tree))).email == "anna@example.org"
    sent = wrap(tree)
    assert b"root@example.org" in etree.tostring(sent)
    assert world.refused(sent) in {"wrapped", "signature"}


def test_a_comment_cuts_no_name_short(world: World) -> None:
    """``root@example.org<!-- -->.evil.org`` is one name; libraries that read up to the comment let its owner in as root."""
    answer = world.answer({"email": ["root@example.org.evil.org"]}, name="root@example.org.evil.org")
    tree = etree.fromstring(base64.b64decode(answer))
    for each in (next(tree.iter(f"{A}NameID")), next(tree.iter(f"{A}AttributeValue"))):
        assert each.text == "root@example.org.evil.org"
        each.text = "root@example.org"
        comment = etree.Comment(" ")
        comment.tail = ".evil.org"
        each.append(comment)
    said = world.read(tree)  # comments are not covered by the signature, so it holds
    assert vouched(said).email == "root@example.org.evil.org" == said.subject


@pytest.mark.parametrize(
    "before",
    [
        '<!DOCTYPE r [<!ENTITY who "root@example.org">]>',
        '<!DOCTYPE r [<!ENTITY who SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE r SYSTEM "http://127.0.0.1:9/evil.dtd">',
        '<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY who "&b;&b;&b;&b;&b;&b;">]>',
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_document_type_is_refused_whatever_it_is_for(world: World, before: str, encoding: str) -> None:
    document = etree.tostring(world.tree()).decode().replace("anna@example.org", "&who;" if "who" in before else "anna")
    head = f'<?xml version="1.0" encoding="{encoding}"?>'
    sent = base64.b64encode(f"{head}{before}{document}".encode(encoding)).decode()
    assert world.refused(sent) == "unreadable"


def test_it_must_be_for_us_at_our_address_from_them(world: World) -> None:
    def set_audience(tree: Tree) -> None:
        next(tree.iter(f"{A}Audience")).text = "https://another.example.org"

    def no_audience(tree: Tree) -> None:
        found = next(tree.iter(f"{A}AudienceRestriction"))
        found.getparent().remove(found)

    def two_restrictions(tree: Tree) -> None:
        other = etree.SubElement(next(tree.iter(f"{A}Conditions")), f"{A}AudienceRestriction")
        etree.SubElement(other, f"{A}Audience").text = "https://another.example.org"

    for change in (set_audience, no_audience, two_restrictions):
        assert world.refused(world.changed(change)) == "audience"
    assert world.refused(world.answer(), audience="https://w.example.org/other") == "audience"
    assert world.refused(world.answer(), acs_url="https://w.example.org/account/saml/other/acs") == "destination"

    def set_recipient(tree: Tree) -> None:
        del tree.attrib["Destination"]
        next(tree.iter(f"{A}SubjectConfirmationData")).set("Recipient", "https://another.example.org")

    def holder(tree: Tree) -> None:
        next(tree.iter(f"{A}SubjectConfirmation")).set("Method", "urn:oasis:names:tc:SAML:2.0:cm:holder-of-key")

    for change in (set_recipient, holder):
        assert world.refused(world.changed(change)) == "recipient"
    assert world.refused(world.answer(), issuer="https://other.example.org") == "issuer"

    def set_issuer(tree: Tree) -> None:
        tree.find(f"{A}Assertion/{A}Issuer").text = "https://other.example.org"

    assert world.refused(world.changed(set_issuer)) == "issuer"


def test_it_is_good_for_its_time_and_two_minutes_more(world: World) -> None:
    answer = world.answer()
    tree = etree.fromstring(base64.b64decode(answer))
    begins = datetime.fromisoformat(next(tree.iter(f"{A}Conditions")).get("NotBefore"))
    until = datetime.fromisoformat(next(tree.iter(f"{A}SubjectConfirmationData")).get("NotOnOrAfter"))
    two = timedelta(minutes=2)
    assert world.read(answer, until + two - timedelta(seconds=1)) and world.read(answer, begins - two)
    assert world.refused(answer, until + two) == "late"
    assert world.refused(answer, begins - two - timedelta(seconds=1)) == "early"

    def endless(tree: Tree) -> None:
        del next(tree.iter(f"{A}SubjectConfirmationData")).attrib["NotOnOrAfter"]

    assert world.refused(world.changed(endless)) == "late"

    def over(tree: Tree) -> None:
        next(tree.iter(f"{A}AuthnStatement")).set("SessionNotOnOrAfter", "2020-01-01T00:00:00Z")

    assert world.refused(world.changed(over)) == "late"

    def no_time(tree: Tree) -> None:
        next(tree.iter(f"{A}Conditions")).set("NotOnOrAfter", "tomorrow")

    assert world.refused(world.changed(no_time)) == "unreadable"


def test_what_remembers_an_answer_does_so_for_longer_than_it_is_good(world: World) -> None:
    answer = world.answer()
    said = world.read(answer)
    assert world.refused(answer, said.until) == "late"


def test_sha_1_is_refused_for_signature_and_digest(world: World) -> None:
    sha1 = "http://www.w3.org/2000/09/xmldsig#"
    assert world.refused(world.answer(signing=f"{sha1}rsa-sha1")) == "sha1"
    assert world.refused(world.answer(signing=RSA_SHA256, digest=f"{sha1}sha1")) == "sha1"


def test_what_lets_nobody_in_there_lets_nobody_in_here(world: World) -> None:
    def failed(tree: Tree) -> None:
        next(tree.iter(f"{P}StatusCode")).set("Value", "urn:oasis:names:tc:SAML:2.0:status:Responder")

    def nobody(tree: Tree) -> None:
        found = next(tree.iter(f"{A}AuthnStatement"))
        found.getparent().remove(found)

    assert world.refused(world.changed(failed)) == "refused"
    assert world.refused(world.changed(nobody)) == "unreadable"
    sealed = world.tree()
    sealed.find(f"{A}Assertion").tag = f"{A}EncryptedAssertion"
    assert world.refused(sealed) == "encrypted"


@pytest.mark.parametrize(
    "sent", ["", "=", "PGE+", "AAAA", base64.b64encode(b"<a/>").decode(), "A" * 600_000, "\u00e4\u00f6"],
    ids=["nothing", "no base64", "cut off", "binary", "something else", "too long", "letters"],
)  # fmt: skip
def test_what_is_no_answer_is_refused_as_such(world: World, sent: str) -> None:
    assert world.refused(sent) == "unreadable"


def test_a_signature_cut_out_of_another_place_is_refused(world: World) -> None:
    tree = world.tree()
    assertion = tree.find(f"{A}Assertion")
    signature = assertion.find(f"{D}Signature")
    reference = next(signature.iter(f"{D}Reference"))
    for uri in ("", "#other", "#xpointer(/)", "http://127.0.0.1:9/x"):
        reference.set("URI", uri)
        assert world.refused(tree) == "wrapped"
    del reference.attrib["URI"]
    assert world.refused(tree) == "wrapped"
    twice = world.tree()
    assertion = twice.find(f"{A}Assertion")
    assertion.insert(1, deepcopy(assertion.find(f"{D}Signature")))
    assert world.refused(twice) == "wrapped"
    both = world.tree(sign_response=True)
    next(both.find(f"{A}Assertion").iter(f"{D}SignatureValue")).text = "AAAA"
    assert world.refused(both) == "signature"  # one that holds does not outweigh one that does not
