"""Addresses of people, teams, one's own profile and the audit trail. The first-run walk lies in the web package."""

from __future__ import annotations

from django.urls import include, path

from .views import audit, identity_providers, people, profile, saml, scim, teams

urlpatterns = [
    path("", include("watchroom.web.welcome.urls")),
    path("people", people.people, name="people"),
    path("people/new", people.person_new, name="person-new"),
    path("people/invite", people.people_invite, name="people-invite"),
    path("people/<int:pk>", people.person, name="person"),
    path("people/<int:pk>/invite", people.person_invite, name="person-invite"),
    path("people/<int:pk>/deactivate", people.person_deactivate, name="person-deactivate"),
    path("people/<int:pk>/activate", people.person_activate, name="person-activate"),
    path("teams", teams.teams, name="teams"),
    path("teams/new", teams.team_edit, name="team-new"),
    path("teams/<slug:slug>", teams.team, name="team"),
    path("teams/<slug:slug>/edit", teams.team_edit, name="team-edit"),
    path("teams/<slug:slug>/delete", teams.team_delete, name="team-delete"),
    path("teams/<slug:slug>/members", teams.member_set, name="team-members"),
    path("teams/<slug:slug>/members/<int:pk>/remove", teams.member_remove, name="team-member-remove"),
    path("identity-providers", identity_providers.index, name="identity-providers"),
    path("identity-providers/new", identity_providers.edit, name="identity-provider-new"),
    path("identity-providers/only", identity_providers.only, name="single-sign-on-only"),
    path("identity-providers/groups", identity_providers.grant_new, name="group-grant-new"),
    path("identity-providers/groups/<int:pk>/delete", identity_providers.grant_delete, name="group-grant-delete"),
    path("identity-providers/<slug:slug>", identity_providers.edit, name="identity-provider"),
    path("identity-providers/<slug:slug>/do", identity_providers.do, name="identity-provider-do"),
    path("identity-providers/<slug:slug>/try", saml.try_it, name="identity-provider-try"),
    path("scim/v2/Users", scim.users, name="scim-users"),
    path("scim/v2/Users/<str:pk>", scim.user, name="scim-user"),
    path("scim/v2/Groups", scim.groups, name="scim-groups"),
    path("scim/v2/Groups/<str:pk>", scim.group, name="scim-group"),
    path("scim/v2/ServiceProviderConfig", scim.config, name="scim-config"),
    path("scim/v2/ResourceTypes", scim.kinds, name="scim-kinds"),
    path("scim/v2/ResourceTypes/<str:name>", scim.kinds, name="scim-kind"),
    path("scim/v2/Schemas", scim.schemas, name="scim-schemas"),
    path("scim/v2/Schemas/<str:name>", scim.schemas, name="scim-schema"),
    path("me", profile.me, name="me"),
    path("me/tokens", profile.token_new, name="token-new"),
    path("me/tokens/<int:pk>/revoke", profile.token_revoke, name="token-revoke"),
    path("audit", audit.audit, name="audit"),
]
