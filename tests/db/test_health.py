"""The probes that a load balancer and an orchestrator ask."""

import pytest
from django.urls import reverse


@pytest.mark.django_db
def test_a_ready_process_says_so_without_a_login(client):
    answer = client.get(reverse("health-ready"))
    assert answer.status_code == 200
    assert answer.json() == {"status": "ok", "failing": []}


def test_a_live_process_says_so(client):
    assert client.get(reverse("health-live")).json() == {"status": "ok"}
