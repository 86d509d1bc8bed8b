"""The change log loses nothing, whatever the order of commits."""

import threading

import pytest
from django.db import connection, transaction

from inventory.changes import consume
from inventory.models import Change, Cursor
from tests import factories
from tests.factories import NOW


def log(account, region):
    Change.objects.create(
        source_id=account.source_id, account=account, region=region, collector="ec2.vpc",
        op="S", at=NOW,
    )  # fmt: skip


def consumed(consumer="test", **more):
    seen: list[str] = []
    consume(consumer, lambda found: seen.extend(each.region for each in found), **more)
    return seen


@pytest.mark.django_db(transaction=True)
def test_a_row_committed_late_is_read_late_and_not_never():
    account = factories.make_account()
    consumed()
    opened, go_on, done = threading.Event(), threading.Event(), threading.Event()

    def slow():
        try:
            with transaction.atomic():
                log(account, "early-id-late-commit")
                opened.set()
                go_on.wait(10)
        finally:
            connection.close()
            done.set()

    thread = threading.Thread(target=slow)
    thread.start()
    opened.wait(10)
    log(account, "late-id-early-commit")
    assert consumed() == []  # below the oldest open transaction there is nothing yet
    go_on.set()
    done.wait(10)
    thread.join()
    assert consumed() == ["early-id-late-commit", "late-id-early-commit"]
    assert consumed() == []


@pytest.mark.django_db(transaction=True)
def test_each_consumer_has_its_own_cursor_and_a_failing_one_stays_where_it_was():
    account = factories.make_account()
    log(account, "one")

    def fail(found):
        raise RuntimeError("handler")

    with pytest.raises(RuntimeError):
        consume("failing", fail)
    assert consumed("failing") == ["one"]
    assert consumed("other") == ["one"]


@pytest.mark.django_db(transaction=True)
def test_batches_end_between_transactions():
    account = factories.make_account()
    with transaction.atomic():
        for number in range(5):
            log(account, f"a{number}")
    for number in range(3):
        log(account, f"b{number}")
    batches = []
    while batch := consumed(limit=2):
        batches.append(batch)
    assert batches[0] == ["a0", "a1", "a2", "a3", "a4"]
    assert [each for batch in batches[1:] for each in batch] == ["b0", "b1", "b2"]


@pytest.mark.django_db(transaction=True)
def test_a_cursor_that_someone_holds_is_left_to_them():
    account = factories.make_account()
    log(account, "one")
    consumed("held")
    log(account, "two")
    held, go_on = threading.Event(), threading.Event()

    def hold():
        try:
            with transaction.atomic():
                Cursor.objects.select_for_update().get(pk="held")
                held.set()
                go_on.wait(10)
        finally:
            connection.close()

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(10)
    assert consumed("held") == []
    go_on.set()
    thread.join()
    assert consumed("held") == ["two"]
