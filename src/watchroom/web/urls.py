"""Addresses of the pages that belong to no single package."""

from django.urls import path

from .views import choices
from .views.home import home
from .views.impaired import banner
from .views.importing import alertmanager
from .views.palette import palette
from .views.system import system

urlpatterns = [
    path("", home, name="home"),
    path("palette.json", palette, name="palette"),
    path("choices/people.json", choices.people, name="choices-people"),
    path("choices/teams.json", choices.teams, name="choices-teams"),
    path("choices/schedules.json", choices.schedules, name="choices-schedules"),
    path("choices/policies.json", choices.policies, name="choices-policies"),
    path("choices/services.json", choices.services, name="choices-services"),
    path("choices/own-services.json", choices.own_services, name="choices-own-services"),
    path("choices/targets.json", choices.targets, name="choices-targets"),
    path("choices/mitigations.json", choices.mitigations, name="choices-mitigations"),
    path("choices/indicators.json", choices.indicators, name="choices-indicators"),
    path("choices/called.json", choices.called, name="choices-called"),
    path("choices/proposable.json", choices.proposable, name="choices-proposable"),
    path("choices/followers.json", choices.followers, name="choices-followers"),
    path("choices/role-scopes.json", choices.role_scopes, name="choices-role-scopes"),
    path("choices/role-holders.json", choices.role_holders, name="choices-role-holders"),
    path("choices/own-teams.json", choices.own_teams, name="choices-own-teams"),
    path("choices/own-scenarios.json", choices.own_scenarios, name="choices-own-scenarios"),
    path("import/alertmanager", alertmanager, name="import-alertmanager"),
    path("system", system, name="system"),
    path("system/impaired", banner, name="impaired"),
]
