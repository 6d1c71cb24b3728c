"""Addresses of status pages."""

from django.urls import path, re_path

from .public import subscribing
from .public import views as public
from .views import lists, maintenance, pages, subscribers

_DOCUMENTS = (
    r"style\.css|logo|badge\.svg|maintenance\.ics|feed\.atom|feed\.rss"
    r"|api/v2/(?:summary|status|components|incidents|incidents/unresolved|scheduled-maintenances"
    r"|scheduled-maintenances/upcoming|scheduled-maintenances/active)\.json"
)

urlpatterns = [
    path("status-pages", pages.index, name="status-pages"),
    path("status-pages/new", pages.edit, name="status-page-new"),
    path("status-pages/<slug:slug>", pages.desk, name="status-page"),
    path("status-pages/<slug:slug>/edit", pages.edit, name="status-page-edit"),
    path("status-pages/<slug:slug>/logo", pages.logo, name="status-page-logo"),
    path("status-pages/<slug:slug>/component", pages.component, name="status-page-component"),
    path("status-pages/<slug:slug>/copies", pages.copies, name="status-page-copies"),
    path("status-pages/<slug:slug>/delete", pages.delete, name="status-page-delete"),
    path("status-pages/<slug:slug>/subscribers", subscribers.index, name="status-subscribers"),
    path("status-pages/<slug:slug>/subscribers/<int:pk>/remove", subscribers.remove, name="status-subscriber-remove"),
    path("status-pages/<slug:slug>/maintenance/new", maintenance.edit, name="status-maintenance-new"),
    path("status-pages/<slug:slug>/maintenance/<int:pk>", maintenance.edit, name="status-maintenance"),
    path("status-pages/<slug:slug>/maintenance/<int:pk>/note", maintenance.note, name="status-maintenance-note"),
    path("status-pages/<slug:slug>/maintenance/<int:pk>/end", maintenance.end, name="status-maintenance-end"),
    path("stakeholders", lists.index, name="stakeholder-lists"),
    path("stakeholders/new", lists.edit, name="stakeholder-list-new"),
    path("stakeholders/<slug:slug>", lists.edit, name="stakeholder-list"),
    path("stakeholders/<slug:slug>/delete", lists.delete, name="stakeholder-list-delete"),
    path("incidents/<int:pk>/deliveries", lists.deliveries, name="update-deliveries"),
    path("status/<slug:slug>", public.document, name="public-status"),
    path("status/<slug:slug>/password", public.password, name="public-status-password"),
    path("status/<slug:slug>/subscribe", subscribing.subscribe, name="public-status-subscribe"),
    path("status/<slug:slug>/confirm", subscribing.confirm, name="public-status-confirm"),
    path("status/<slug:slug>/subscription", subscribing.subscription, name="public-status-subscription"),
    re_path(
        rf"^status/(?P<slug>[-a-zA-Z0-9_]+)/(?P<path>{_DOCUMENTS})$", public.document, name="public-status-document"
    ),
]
