"""The web application, as a WSGI server wants it."""

import os
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "watchroom.settings")

import django
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.utils.http import parse_header_parameters


class Request(WSGIRequest):
    """Text is read as UTF-8, whatever a request states: Django believes it, and fails with an encoding that Python knows and
    that is none of text (``charset=rot13``), or lets what is refused elsewhere hide in one (``unicode_escape``)."""

    def _set_content_type_params(self, meta: dict[str, Any]) -> None:
        try:
            self.content_type, self.content_params = parse_header_parameters(meta.get("CONTENT_TYPE", ""))
        except ValueError:  # a parameter in an encoding that nobody knows
            self.content_type, self.content_params = "", {}


class Handler(WSGIHandler):
    request_class = Request


django.setup(set_prefix=False)
application = Handler()
