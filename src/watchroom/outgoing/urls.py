"""Addresses of the pages of webhooks."""

from __future__ import annotations

from django.urls import path

from . import views

urlpatterns = [
    path("webhooks", views.index, name="webhooks"),
    path("webhooks/new", views.edit, name="webhook-new"),
    path("webhooks/events", views.events, name="webhook-events"),
    path("webhooks/<slug:slug>", views.show, name="webhook"),
    path("webhooks/<slug:slug>/edit", views.edit, name="webhook-edit"),
    path("webhooks/<slug:slug>/do", views.do, name="webhook-do"),
    path("webhook-deliveries/<int:pk>", views.delivery, name="webhook-delivery"),
    path("webhook-deliveries/<int:pk>/replay", views.replay, name="webhook-replay"),
]
