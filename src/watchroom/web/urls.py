"""Addresses of the pages that belong to no single package."""

from django.urls import path

from .views.home import home
from .views.impaired import banner
from .views.palette import palette
from .views.system import system

urlpatterns = [
    path("", home, name="home"),
    path("palette.json", palette, name="palette"),
    path("system", system, name="system"),
    path("system/impaired", banner, name="impaired"),
]
