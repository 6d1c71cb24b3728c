"""Addresses of alerts, integrations and routes."""

from django.urls import path

from . import asked
from .views import alerts, holds, integrations, mappings, routes

urlpatterns = [
    path("alerts", alerts.index, name="alert-groups"),
    path("alerts/bulk", alerts.bulk, name="alert-groups-bulk"),
    path("alerts/<int:pk>", alerts.detail, name="alert-group"),
    path("alerts/<int:pk>/why", alerts.why_page, name="alert-group-why"),
    path("alerts/<int:pk>/<slug:what>", alerts.act, name="alert-group-act"),
    path("integrations", integrations.index, name="integrations"),
    path("integrations/new", integrations.edit, name="integration-new"),
    path("integrations/<slug:slug>", integrations.detail, name="integration"),
    path("integrations/<slug:slug>/edit", integrations.edit, name="integration-edit"),
    path("integrations/<slug:slug>/mapping", mappings.edit, name="mapping"),
    path("integrations/<slug:slug>/mapping/preview", mappings.preview, name="mapping-preview"),
    path("integrations/<slug:slug>/refused", integrations.tray, name="tray"),
    path("integrations/<slug:slug>/<slug:what>", integrations.act, name="integration-act"),
    path("signals/<int:pk>/replay", integrations.replay, name="signal-replay"),
    path("silences", holds.index, name="silences"),
    path("silences/new", holds.edit_silence, name="silence-new"),
    path("silences/preview", holds.preview, name="silence-preview"),
    path("silences/occurrences", holds.occurrences, name="occurrences"),
    path("silences/<int:pk>", holds.edit_silence, name="silence"),
    path("silences/<int:pk>/<slug:what>", holds.act, name="silence-act"),
    path("maintenance/new", holds.edit_window, name="maintenance-new"),
    path("maintenance/<int:pk>", holds.edit_window, name="maintenance"),
    path("maintenance/<int:pk>/<slug:what>", holds.act_on_window, name="maintenance-act"),
    path("inhibit-rules/new", holds.edit_inhibition, name="inhibition-new"),
    path("inhibit-rules/<int:pk>", holds.edit_inhibition, name="inhibition"),
    path("inhibit-rules/<int:pk>/delete", holds.delete_inhibition, name="inhibition-delete"),
    path("in/<str:key>/<path:rest>", asked.entry, name="asked"),
    path("routes", routes.index, name="routes"),
    path("routes/drill", routes.drill, name="route-drill"),
    path("routes/new", routes.edit, name="route-new"),
    path("routes/<int:pk>", routes.edit, name="route-edit"),
    path("routes/<int:pk>/delete", routes.delete, name="route-delete"),
    path("time-intervals/new", routes.edit_interval, name="time-interval-new"),
    path("time-intervals/<int:pk>", routes.edit_interval, name="time-interval"),
    path("time-intervals/<int:pk>/delete", routes.delete_interval, name="time-interval-delete"),
]
