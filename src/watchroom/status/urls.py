"""Addresses of status pages."""

from django.urls import path

from . import public, views

urlpatterns = [
    path("status-pages", views.index, name="status-pages"),
    path("status-pages/new", views.edit, name="status-page-new"),
    path("status-pages/<slug:slug>", views.edit, name="status-page-edit"),
    path("status-pages/<slug:slug>/delete", views.delete, name="status-page-delete"),
    path("status/<slug:slug>", public.page, name="public-status"),
    path("status/<slug:slug>/feed.atom", public.feed, name="status-feed"),
    path("status/<slug:slug>/api/v2/summary.json", public.summary, name="status-summary"),
    path("status/<slug:slug>/api/v2/status.json", public.status, name="status-status"),
    path("status/<slug:slug>/api/v2/components.json", public.components, name="status-components"),
    path("status/<slug:slug>/api/v2/incidents.json", public.incidents, name="status-incidents"),
    path("status/<slug:slug>/api/v2/incidents/unresolved.json", public.unresolved, name="status-unresolved"),
]
