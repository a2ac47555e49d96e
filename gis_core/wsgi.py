"""WSGI entry point of the web server."""

import os

from django.core.wsgi import get_wsgi_application

from gis_core.database.limits import WEB, limit_connections

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gis_core.settings.local")

application = get_wsgi_application()
limit_connections(WEB)
