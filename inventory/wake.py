"""Hints to the workers: something was committed. Losing one loses nothing but seconds."""

import threading
import time
from functools import partial

import structlog
from celery import current_app
from django.conf import settings
from django.db import transaction
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

log = structlog.get_logger()
_QUIET = 0.3  # seconds in which one hint stands for all that follow
_COALESCED = ("change", "finding")
_lock = threading.Lock()
_sent: dict[str, float] = {}


def wake(topic: str) -> None:
    """Once the present transaction is committed, wake the tasks of `settings.WAKE[topic]`.

    A burst of changes becomes one task, sent with a delay that covers the burst.
    """
    if topic not in settings.WAKE:
        raise KeyError(topic)
    transaction.on_commit(partial(_send, topic))


def send(name: str, *arguments: int) -> None:
    """Once the present transaction is committed, ask for one task by name."""
    transaction.on_commit(partial(_publish, name, arguments, None))


def _send(topic: str) -> None:
    delay: float | None = None
    if topic in _COALESCED:
        with _lock:
            now = time.monotonic()
            if now - _sent.get(topic, -_QUIET) < _QUIET:
                return  # the one that waits starts after this commit
            _sent[topic] = now
        delay = _QUIET
    for name in settings.WAKE[topic]:
        _publish(name, (), delay)


def _publish(name: str, arguments: tuple[int, ...], delay: float | None) -> None:
    try:
        current_app.send_task(name, args=arguments, countdown=delay, retry=False)
    except (OperationalError, RedisError, OSError) as error:
        log.warning("wake failed; the sweep will do", task=name, error=str(error))
