"""Addresses of the pages that belong to no single package."""

from django.urls import path

from .views.home import home
from .views.impaired import banner
from .views.importing import alertmanager
from .views.palette import palette
from .views.system import system

urlpatterns = [
    path("", home, name="home"),
    path("palette.json", palette, name="palette"),
    path("import/alertmanager", alertmanager, name="import-alertmanager"),
    path("system", system, name="system"),
    path("system/impaired", banner, name="impaired"),
]
