"""Addresses of the pages of postmortems."""

from __future__ import annotations

from django.urls import path

from . import views

urlpatterns = [
    path("postmortems", views.postmortems, name="postmortems"),
    path("postmortems/<int:pk>", views.postmortem, name="postmortem"),
    path("postmortems/<int:pk>/document", views.document, name="postmortem-document"),
    path("postmortems/<int:pk>/edit", views.edit, name="postmortem-edit"),
    path("postmortems/<int:pk>/submit", views.submit, name="postmortem-submit"),
    path("postmortems/<int:pk>/review", views.review, name="postmortem-review"),
    path("postmortems/<int:pk>/publish", views.publish, name="postmortem-publish"),
    path("incidents/<int:pk>/postmortem", views.draft, name="postmortem-draft"),
]
