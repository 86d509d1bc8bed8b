"""The WSGI entry point for gunicorn."""

import os

from django.core.wsgi import get_wsgi_application

from cspm.environment import ConfigurationError, text

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cspm.settings")

if not text("SECRET_KEY"):
    raise ConfigurationError(
        "SECRET_KEY: set it, or SECRET_KEY_FILE, to at least 50 random letters"
    )

application = get_wsgi_application()
