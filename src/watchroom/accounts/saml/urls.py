"""Addresses of sign-in by SAML, below ``/account/``. Identity providers know them: they never change."""

from django.urls import path

from ..views import saml as views

urlpatterns = [
    path("saml/<slug:slug>/login", views.login, name="saml-login"),
    path("saml/<slug:slug>/acs", views.acs, name="saml-acs"),
    path("saml/<slug:slug>/arrive", views.arrive, name="saml-arrive"),
    path("saml/<slug:slug>/metadata", views.metadata, name="saml-metadata"),
]
