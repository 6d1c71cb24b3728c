"""Signing in by SAML 2.0, beside a provider that other people wrote (pysaml2), with signatures by another library (libxmlsec1).

https://docs.oasis-open.org/security/saml/v2.0/saml-profiles-2.0-os.pdf, section 4.1.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
import yaml
from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount
from click.testing import CliRunner
from django.test import Client

import factories
from accounts.coming_in import ANNA, bring, connected, leave, sign_in, signed_in
from peers.http import Answer, HttpPeer
from peers.saml_provider import SamlProvider, key_and_certificate
from watchroom.accounts import commands
from watchroom.accounts.actors import SYSTEM
from watchroom.accounts.duties import duties
from watchroom.accounts.models import AuditRecord, GroupGrant, IdentityProvider, Person, SamlAnswer
from watchroom.accounts.roles import Role
from watchroom.cli.main import cli
from watchroom.kernel import clock

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("answer", "assertion"), [(False, True), (True, False), (True, True)])
def test_whoever_was_added_by_that_address_comes_in_and_is_known_from_then_on(
    client: Client, provider: SamlProvider, okta: IdentityProvider, anna: Person, answer: bool, assertion: bool
) -> None:
    assert b"Sign in with Okta" in client.get("/account/login/").content
    came = sign_in(client, provider, okta, sign_response=answer, sign_assertion=assertion)
    assert came.status_code == 200 and came.request["PATH_INFO"] == "/"
    assert signed_in(client) == str(anna.pk)
    client.logout()
    sign_in(client, provider, okta, ANNA | {"email": ["anna.married@example.org"]})  # the same name there
    assert signed_in(client) == str(anna.pk) and Person.objects.count() == 2


def test_what_is_asked_is_what_the_provider_expects(
    client: Client, provider: SamlProvider, okta: IdentityProvider
) -> None:
    question = provider.asked(leave(client))
    assert question.issuer.text.endswith("/account/saml/okta/metadata")
    assert question.assertion_consumer_service_url.endswith("/account/saml/okta/acs")
    assert question.destination == "https://idp.example.org/sso" and question.id != provider.asked(leave(client)).id


def test_it_leads_to_the_page_that_was_wanted_and_to_none_of_others(
    client: Client, provider: SamlProvider, okta: IdentityProvider, anna: Person
) -> None:
    for wanted, ends in (("/people", "/people"), ("https://evil.example.org/", "/")):
        question = provider.asked(leave(client, f"/account/saml/okta/login?process=login&next={wanted}"))
        came = bring(client, provider.answer(question, ANNA), okta, RelayState="https://evil.example.org/")
        assert came.request["PATH_INFO"] == ends and signed_in(client) == str(anna.pk)
        client.logout()


def test_a_link_asks_first_and_somebody_who_is_in_can_connect_it(
    client: Client, provider: SamlProvider, okta: IdentityProvider, anna: Person
) -> None:
    asked = client.get("/account/saml/okta/login")
    assert asked.status_code == 200 and b"<form" in asked.content and provider.url.encode() not in asked.content
    client.force_login(anna)
    connections = "/account/3rdparty/"
    assert b"/account/saml/okta/login" in client.get(connections).content
    question = provider.asked(leave(client, "/account/saml/okta/login?process=connect"))
    bring(client, provider.answer(question, ANNA | {"email": ["another@example.org"]}, name="00u77"), okta)
    assert "Okta" in client.get(connections).content.decode()
    client.logout()
    sign_in(client, provider, okta, ANNA | {"email": ["another@example.org"]}, name="00u77")
    assert signed_in(client) == str(anna.pk)


def test_strangers_and_who_has_left_stay_outside(
    client: Client, provider: SamlProvider, okta: IdentityProvider, anna: Person
) -> None:
    stranger = ANNA | {"email": ["eve@example.org"]}
    assert b"Ask an administrator to add you" in sign_in(client, provider, okta, stranger, name="eve").content
    assert signed_in(client) is None and Person.objects.count() == 2
    commands.deactivate_person(SYSTEM, anna)
    assert b"This account is not active" in sign_in(client, provider, okta).content
    assert signed_in(client) is None


def test_strangers_are_added_where_that_is_wanted(
    client: Client, provider: SamlProvider, okta: IdentityProvider
) -> None:
    commands.save_provider(SYSTEM, okta, name="Okta", adds_people=True)
    sign_in(client, provider, okta)
    added = Person.objects.get(email="anna@example.org")
    assert signed_in(client) == str(added.pk) and not added.has_usable_password()
    assert (added.name, added.role) == ("Anna Berg", Role.VIEWER)
    record = AuditRecord.objects.get(action="person.created", object_id=added.pk)
    assert record.actor_name == "Okta (sign-in)"


def test_groups_give_and_take_roles_and_teams(
    client: Client, provider: SamlProvider, okta: IdentityProvider, anna: Person
) -> None:
    shop, by_hand = factories.team("Shop"), factories.team("By hand")
    factories.membership(by_hand, anna)
    commands.save_grant(SYSTEM, None, group="oncall", role="responder", team=shop)
    commands.save_grant(SYSTEM, None, group="leads", role="manager", team=None)

    def stands() -> tuple[Role, dict[str, str]]:
        anna.refresh_from_db()
        client.logout()
        return Role(anna.role), {each.team.name: Role(each.role).word for each in anna.memberships.all()}

    sign_in(client, provider, okta, ANNA | {"groups": ["/oncall", "Leads"]})
    assert stands() == (Role.MANAGER, {"Shop": "responder", "By hand": "responder"})
    sign_in(client, provider, okta)  # it says nothing of groups
    assert stands() == (Role.MANAGER, {"Shop": "responder", "By hand": "responder"})
    sign_in(client, provider, okta, ANNA | {"groups": ["others"]})
    assert stands() == (Role.VIEWER, {"By hand": "responder"})
    assert AuditRecord.objects.filter(action="team.member_removed", actor_name="Okta (sign-in)").count() == 1


def test_wrong_lines_never_leave_nobody_who_could_mend_them(
    client: Client, provider: SamlProvider, okta: IdentityProvider
) -> None:
    root = Person.objects.get(name="Root")
    commands.save_grant(SYSTEM, None, group="admins", role="administrator", team=None)
    sign_in(client, provider, okta, {"email": [root.email], "groups": ["others"]})
    root.refresh_from_db()
    assert signed_in(client) == str(root.pk) and root.role == Role.ADMINISTRATOR


def test_an_answer_counts_once(client: Client, provider: SamlProvider, okta: IdentityProvider, anna: Person) -> None:
    answer = provider.answer(provider.asked(leave(client)), ANNA)
    bring(client, answer, okta)
    assert signed_in(client) == str(anna.pk)
    client.logout()
    assert b"has been used already" in bring(client, answer, okta).content and signed_in(client) is None


def test_what_was_kept_is_fetched_once_and_soon(
    client: Client, provider: SamlProvider, okta: IdentityProvider, anna: Person
) -> None:
    answers = [provider.answer(provider.asked(leave(client)), ANNA) for _ in range(2)]
    there = [client.post("/account/saml/okta/acs", {"SAMLResponse": each})["Location"] for each in answers]
    client.get(there[0])
    assert signed_in(client) == str(anna.pk)
    client.logout()
    assert client.get(there[0]).status_code == 403 and signed_in(client) is None
    with clock.travelling(clock.now() + timedelta(minutes=6)):
        assert client.get(there[1]).status_code == 403 and signed_in(client) is None
        assert not SamlAnswer.objects.exclude(said=None).exists()
    with clock.travelling(clock.now() + timedelta(days=2)):
        bring(client, answers[0], okta)  # too old by itself
    assert b"not a whole answer" in bring(client, "", okta).content
    assert b"not a whole answer" in bring(client, "%%%", okta).content


def test_nobody_is_signed_in_by_what_another_browser_asked_for(
    client: Client, provider: SamlProvider, okta: IdentityProvider, anna: Person
) -> None:
    attacker = Client()
    answer = provider.answer(provider.asked(leave(attacker)), ANNA)
    came = bring(client, answer, okta)
    assert came.status_code == 403 and b"This browser did not ask" in came.content and signed_in(client) is None


def test_switched_off_it_lets_nobody_in(
    client: Client, provider: SamlProvider, okta: IdentityProvider, anna: Person
) -> None:
    answer = provider.answer(provider.asked(leave(client)), ANNA)
    commands.switch_provider(SYSTEM, okta, on=False)
    assert b"switched off" in bring(client, answer, okta).content and signed_in(client) is None
    assert b"Okta" not in client.get("/account/login/").content
    assert b"switched off" in client.post("/account/saml/okta/login").content
    assert client.post("/account/saml/none/acs", {"SAMLResponse": answer}).status_code == 404


def test_no_address_no_sign_in_and_an_attribute_of_another_name(
    client: Client, provider: SamlProvider, okta: IdentityProvider, anna: Person
) -> None:
    came = sign_in(client, provider, okta, {"displayName": ["Anna"], "mailbox": ["anna@example.org"]})
    assert b"has no e-mail address in it" in came.content and b"mailbox" not in came.content
    commands.save_provider(SYSTEM, okta, name="Okta", email_attribute="mailbox")
    sign_in(client, provider, okta, {"displayName": ["Anna"], "mailbox": ["Anna@Example.org"]})
    assert signed_in(client) == str(anna.pk)
    client.logout()
    commands.save_provider(SYSTEM, okta, name="Okta", email_attribute="")
    sign_in(client, provider, okta, {"displayName": ["Anna"]}, name="anna@example.org")  # a NameID that is the address
    assert signed_in(client) == str(anna.pk)


def test_a_name_may_be_long_and_a_passing_one_counts_as_none(
    client: Client, provider: SamlProvider, okta: IdentityProvider, anna: Person
) -> None:
    for _ in range(2):
        sign_in(client, provider, okta, name="cn=" + "x" * 1000)
        assert signed_in(client) == str(anna.pk)
        client.logout()
    for passing in ("_1", "_2"):
        sign_in(client, provider, okta, name=passing, transient=True)
        assert signed_in(client) == str(anna.pk)
        client.logout()
    assert SocialAccount.objects.filter(user=anna).count() == 2


def test_who_has_a_second_factor_is_asked_for_it_here_too(
    client: Client, provider: SamlProvider, okta: IdentityProvider, anna: Person
) -> None:
    from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret

    TOTP.activate(anna, generate_totp_secret())
    came = sign_in(client, provider, okta)
    assert "/2fa/authenticate" in came.request["PATH_INFO"] and signed_in(client) is None


def test_trying_shows_what_would_happen_and_changes_nothing(
    client: Client, provider: SamlProvider, okta: IdentityProvider
) -> None:
    commands.switch_provider(SYSTEM, okta, on=False)
    shop = factories.team("Shop")
    commands.save_grant(SYSTEM, None, group="oncall", role="responder", team=shop)
    root = Person.objects.get(name="Root")
    client.force_login(root)

    def tried(said: Any, **how: Any) -> str:
        question = provider.asked(leave(client, "/identity-providers/okta/try"))
        return bring(client, provider.answer(question, said, **how), okta).content.decode()

    said = {"email": [root.email], "displayName": ["Root"], "groups": ["oncall"]}
    page = tried(said)
    assert "It works." in page and "They come in as Root" in page and "In the team Shop they become a responder" in page
    page = tried(ANNA)
    assert "would stay outside" in page and "Nobody here has the address anna@example.org" in page
    page = tried({"displayName": ["Root"]})
    assert "has no e-mail address in it" in page and "Attributes in it" in page
    commands.save_provider(SYSTEM, okta, name="Okta", certificates=key_and_certificate()[1])
    assert "not signed by the identity provider that Watchroom knows" in tried(said)
    assert signed_in(client) == str(root.pk) and not root.memberships.exists() and Person.objects.count() == 1
    client.force_login(factories.person("Vera"))
    assert client.post("/identity-providers/okta/try").status_code == 403
    assert client.post("/account/saml/okta/login?process=try").status_code == 403


def test_a_certificate_is_exchanged_without_a_gap(
    client: Client, provider: SamlProvider, okta: IdentityProvider, anna: Person, http_peer: HttpPeer, configured: Any
) -> None:
    configured(WATCHROOM_PRIVATE_TARGETS="127.0.0.0/8")
    http_peer.otherwise = Answer(body=provider.metadata)
    okta = commands.save_provider(SYSTEM, okta, name="Okta", metadata_url=http_peer.url)
    old = key_and_certificate(days=-3)[1]
    commands.save_provider(
        SYSTEM, okta, name="Okta", metadata_url=http_peer.url, certificates=[old, *okta.certificates]
    )
    sign_in(client, provider, okta)  # by the second one
    assert signed_in(client) == str(anna.pk)
    client.logout()
    commands.save_provider(SYSTEM, okta, name="Okta", metadata_url=http_peer.url, certificates=old)
    assert b"not signed by the identity provider" in sign_in(client, provider, okta).content
    [duty] = duties
    due = duty.next_due()
    assert due is not None and due > clock.now() and duty.work() == 0
    with clock.travelling(due):
        assert duty.work() == 1
    sign_in(client, provider, okta)
    assert signed_in(client) == str(anna.pk)
    assert AuditRecord.objects.filter(action="identity_provider.read_again").count() == 1
    http_peer.otherwise = Answer(body=provider.metadata.replace("idp.example.org/metadata", "other.example.org"))
    with clock.travelling(clock.now() + timedelta(days=3)):
        assert duty.work() == 1 and duty.work() == 0  # not again and again
    okta.refresh_from_db()
    assert "another provider" in okta.error and okta.entity_id == provider.entity_id


def test_metadata_come_through_the_guard_against_addresses_inside(okta: IdentityProvider, http_peer: HttpPeer) -> None:
    from watchroom.kernel.errors import Refused

    with pytest.raises(Refused, match="not an address on the public internet"):
        commands.save_provider(SYSTEM, None, name="Inside", metadata_url=http_peer.url)
    assert not http_peer.requests


def test_a_certificate_that_has_run_out_is_warned_of_and_locks_nobody_out(
    client: Client, okta: IdentityProvider, anna: Person
) -> None:
    late = SamlProvider("https://late.example.org")
    late.key, late.certificate = key_and_certificate(days=-3)
    row = connected(late, client, name="Late")
    question = late.asked(leave(client, "/account/saml/late/login"))
    bring(client, late.answer(question, ANNA), row)
    assert signed_in(client) == str(anna.pk)
    late.stop()
    client.force_login(Person.objects.get(name="Root"))
    assert "Its certificate ran out" in client.get("/identity-providers").content.decode()


def test_deleted_it_knows_nobody_any_more(
    client: Client, provider: SamlProvider, okta: IdentityProvider, anna: Person
) -> None:
    sign_in(client, provider, okta)
    client.logout()
    commands.delete_provider(SYSTEM, okta)
    again = connected(provider, client)
    sign_in(client, provider, again, ANNA | {"email": ["somebody.else@example.org"]})
    assert signed_in(client) is None


def test_the_pages_set_it_up_step_by_step(client: Client, provider: SamlProvider) -> None:
    client.force_login(factories.person("Root", "administrator"))
    made = client.post("/identity-providers/new", {"name": "Okta"}, follow=True)
    page = made.content.decode()
    assert "/account/saml/okta/acs" in page and "/account/saml/okta/metadata" in page and "Try it" not in page
    wrong = client.post("/identity-providers/okta", {"name": "Okta", "metadata": "<a/>"})
    assert wrong.status_code == 422 and "no identity provider in it" in wrong.content.decode()
    assert client.post("/identity-providers/okta/do", {"do": "on"}).status_code == 422
    saved = client.post("/identity-providers/okta", {"name": "Okta", "metadata": provider.metadata}, follow=True)
    assert "Try it" in saved.content.decode() and "switched off" in saved.content.decode()
    client.post("/identity-providers/okta/do", {"do": "on"})
    assert b"Sign in with Okta" in Client().get("/account/login/").content
    client.post("/identity-providers/groups", {"group": "oncall", "role": "responder"})
    assert client.post("/identity-providers/groups", {"group": "oncall", "role": "viewer"}).status_code == 422
    listed = client.get("/identity-providers").content.decode()
    assert "oncall" in listed and provider.entity_id in listed
    actions = set(AuditRecord.objects.values_list("action", flat=True))
    assert {"identity_provider.created", "identity_provider.changed", "group_grant.made"} <= actions
    client.force_login(factories.person("Vera"))
    for path in ("/identity-providers", "/identity-providers/new", "/identity-providers/okta"):
        assert client.get(path).status_code == 403
    assert client.post("/identity-providers/okta/do", {"do": "delete"}).status_code == 403


def test_the_api_sets_it_up_too(client: Client, provider: SamlProvider) -> None:
    client.force_login(factories.person("Root", "administrator"))

    def ask(method: str, path: str, body: Any = None) -> Any:
        sent = json.dumps(body) if body is not None else ""
        return client.generic(method, f"/api/v1/{path}", sent, content_type="application/json")

    made = ask("POST", "identity-providers", {"name": "Okta", "metadata": provider.metadata, "enabled": True})
    assert made.status_code == 201, made.content
    assert made.json()["acs_url"].endswith("/account/saml/okta/acs")
    assert made.json()["certificates"][0].strip() == provider.certificate.strip()
    changed = ask("PUT", "identity-providers/okta", {"name": "Okta", "adds_people": True, "enabled": True})
    assert changed.json()["adds_people"] and changed.json()["entity_id"] == provider.entity_id
    assert ask("PUT", "identity-providers/okta", {"name": "Okta", "metadata": "no"}).status_code == 422
    assert ask("POST", "identity-providers/okta/read-again").status_code == 422  # it has no address
    line = ask("POST", "group-grants", {"group": "oncall", "role": "viewer"}).json()
    ask("PUT", f"group-grants/{line['id']}", {"group": "oncall", "role": "responder"})
    assert [each["role"] for each in ask("GET", "group-grants").json()["items"]] == ["responder"]
    assert ask("DELETE", f"group-grants/{line['id']}").status_code == 204
    assert ask("DELETE", "identity-providers/okta").status_code == 204
    assert ask("GET", "identity-providers").json()["items"] == []


def test_our_metadata_are_such(client: Client, okta: IdentityProvider) -> None:
    answer = client.get("/account/saml/okta/metadata")
    assert answer["Content-Type"].startswith("application/samlmetadata+xml")
    assert b'WantAssertionsSigned="true"' in answer.content


def test_a_file_and_the_command_line_say_it_too(provider: SamlProvider, tmp_path: Any) -> None:
    factories.team("Shop", slug="shop")
    factories.person("Root", "administrator")

    def run(*arguments: str) -> str:
        done = CliRunner().invoke(cli, arguments)
        assert done.exit_code == 0, done.output
        return done.output

    said = {"slug": "okta", "name": "Okta", "enabled": True, "entity_id": provider.entity_id}
    said |= {"sso_url": "https://idp.example.org/sso", "certificates": [provider.certificate.strip()]}
    grants = [{"group": "oncall", "team": "shop", "role": "responder"}, {"group": "leads", "role": "manager"}]
    file = tmp_path / "config.yaml"
    file.write_text(yaml.safe_dump({"version": 1, "identity_providers": [said], "group_grants": grants}))
    run("apply", "-f", str(file))
    assert IdentityProvider.objects.get().enabled and GroupGrant.objects.count() == 2
    again = run("apply", "-f", str(file), "--dry-run", "--json")
    assert '"create"' not in again and '"change"' not in again and "identity_providers" not in again, again
    exported = yaml.safe_load(run("export"))
    assert exported["identity_providers"][0]["certificates"] == [provider.certificate]
    assert {each["group"] for each in exported["group_grants"]} == {"oncall", "leads"}
    file.write_text(yaml.safe_dump({"version": 1, "identity_providers": [said], "group_grants": grants[:1]}))
    run("apply", "-f", str(file), "--prune")
    assert [row.group for row in GroupGrant.objects.all()] == ["oncall"]

    (tmp_path / "metadata.xml").write_text(provider.metadata.replace("idp.example.org", "entra.example.org"))
    made = run("identity-provider", "create", "Entra", "--metadata", str(tmp_path / "metadata.xml"))
    assert "/account/saml/entra/acs" in made
    run("identity-provider", "change", "entra", "--adds-people", "--groups-attribute", "roles")
    run("identity-provider", "on", "entra")
    entra = IdentityProvider.objects.get(slug="entra")
    assert (entra.enabled, entra.adds_people, entra.groups_attribute) == (True, True, "roles")
    assert "entra" in run("identity-providers") and "https://entra.example.org" in run(
        "identity-provider", "show", "entra"
    )
    run("identity-provider", "off", "entra")
    run("identity-provider", "delete", "entra")
    run("group-grant", "add", "leads", "--role", "manager", "--team", "shop")
    assert "leads" in run("group-grants")
    run("group-grant", "delete", str(GroupGrant.objects.get(group="leads").pk))
    assert GroupGrant.objects.count() == IdentityProvider.objects.count() == 1


def test_nobody_is_taken_for_somebody_whose_address_they_have_noted_down(
    client: Client, provider: SamlProvider, okta: IdentityProvider
) -> None:
    """The provider's word for Anna opened the account of whoever had written her address beside their own."""
    IdentityProvider.objects.update(adds_people=True)
    commands.save_grant(SYSTEM, None, group="admins", role="administrator", team=None)
    mallory = factories.person("Mallory")
    theirs = Client()
    theirs.force_login(mallory)
    assert theirs.post("/account/email/", {"action_add": "", "email": "anna@example.org"}).status_code == 404
    EmailAddress.objects.create(user=mallory, email="anna@example.org", verified=False)  # from before
    sign_in(client, provider, okta, ANNA | {"groups": ["admins"]})
    mallory.refresh_from_db()
    assert mallory.role == Role.VIEWER and signed_in(client) != str(mallory.pk)


def test_more_groups_than_can_be_told_are_not_no_groups(
    client: Client, provider: SamlProvider, okta: IdentityProvider, anna: Person
) -> None:
    """Entra ID leaves more than 150 groups out, and says where they could be asked: roles and teams stay."""
    groups = "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups"
    IdentityProvider.objects.update(groups_attribute=groups)
    commands.save_grant(SYSTEM, None, group="managers", role="manager", team=None)
    commands.change_person(SYSTEM, anna, role=Role.MANAGER)
    sign_in(
        client, provider, okta, ANNA | {f"{groups.removesuffix('/groups')}/groups.link": ["https://graph.example.org"]}
    )
    anna.refresh_from_db()
    assert anna.role == Role.MANAGER and signed_in(client) == str(anna.pk)


def test_another_providers_names_are_other_people(
    client: Client, provider: SamlProvider, okta: IdentityProvider, anna: Person
) -> None:
    sign_in(client, provider, okta, ANNA)
    assert SocialAccount.objects.get().user == anna
    commands.save_provider(SYSTEM, okta, name=okta.name, entity_id="https://another.example.org")
    assert not SocialAccount.objects.exists()
