"""The web application, as a WSGI server wants it."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "watchroom.settings")

from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()
