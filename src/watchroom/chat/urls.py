"""The address to which chat products send answers."""

from django.urls import path

from . import views

urlpatterns = [path("chat/<slug:slug>", views.receive, name="chat-receive")]
