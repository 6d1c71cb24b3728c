"""Addresses of chat workspaces."""

from django.urls import path

from . import views

urlpatterns = [
    path("workspaces", views.index, name="workspaces"),
    path("workspaces/new", views.edit, name="workspace-new"),
    path("workspaces/<slug:slug>", views.edit, name="workspace"),
    path("workspaces/<slug:slug>/delete", views.delete, name="workspace-delete"),
]
