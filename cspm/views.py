"""The overview and the health probes."""

import redis
from django.conf import settings
from django.contrib.auth.decorators import login_not_required, permission_required
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone

from cspm import overview as selectors
from findings.selectors import CAP
from identity.http import Request


@permission_required("findings.view_finding", raise_exception=True)
def overview(request: Request) -> HttpResponse:
    """Numbers that are links into filtered lists, and how fresh they are."""
    found = selectors.overview(request.user, now=timezone.now())
    context = {"overview": found, "admin_ports": selectors.ADMIN_PORTS, "cap": CAP}
    return render(request, "overview.html", context)


@login_not_required
def live(request: HttpRequest) -> JsonResponse:
    """The process answers."""
    return JsonResponse({"status": "ok"})


@login_not_required
def ready(request: HttpRequest) -> JsonResponse:
    """The database and the broker answer; 503 names what does not."""
    failing = []
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        failing.append("database")
    try:
        redis.Redis.from_url(_redis_url(), socket_timeout=2).ping()
    except redis.RedisError:
        failing.append("broker")
    return JsonResponse(
        {"status": "failing" if failing else "ok", "failing": failing},
        status=503 if failing else 200,
    )


def _redis_url() -> str:
    return settings.REDIS_URL.replace("redis+socket://", "unix://")
