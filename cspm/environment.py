"""Reading settings from the environment, secrets from files included."""

import os
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit


class ConfigurationError(Exception):
    """A setting is missing or malformed; the message names the variable and what to do."""


def text(name: str, default: str = "") -> str:
    """`name` from the environment, or the content of the file that `name_FILE` points to."""
    if path := os.environ.get(f"{name}_FILE"):
        try:
            return Path(path).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ConfigurationError(
                f"{name}_FILE: cannot read {path}: {error.strerror}"
            ) from error
    return os.environ.get(name, default)


def flag(name: str, default: bool = False) -> bool:
    """A yes/no setting; anything but 1/true/yes/on and 0/false/no/off is an error."""
    value = os.environ.get(name, "").strip().lower()
    if not value:
        return default
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"0", "false", "no", "off"}:
        return False
    raise ConfigurationError(f"{name}: {value!r} is neither yes nor no")


def number(name: str, default: int) -> int:
    """A whole number."""
    value = os.environ.get(name, "")
    try:
        return int(value) if value else default
    except ValueError as error:
        raise ConfigurationError(f"{name}: {value!r} is not a whole number") from error


def words(name: str, default: str = "") -> list[str]:
    """A comma-separated list, blanks dropped."""
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


def database(url: str) -> dict[str, object]:
    """A Django database entry from `postgresql://user:password@host:port/name?host=/socket/folder`.

    Raises ConfigurationError for any other scheme: the product needs PostgreSQL.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise ConfigurationError(
            f"DATABASE_URL: {parts.scheme or 'no'} scheme; use postgresql://user:password@host:5432/name"
        )
    query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")) or "cspm",
        "USER": unquote(parts.username or query.pop("user", "")),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": query.pop("host", parts.hostname or ""),
        "PORT": str(parts.port or query.pop("port", "")),
        "OPTIONS": query,
    }
