"""What all tests with a database share."""

import pytest


@pytest.fixture(autouse=True)
def _passwords_are_hashed_fast(settings):
    """The real hasher is slow on purpose; no test here is about its strength."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
