"""The small words of templates: times, durations, query strings."""

from datetime import timedelta

import pytest
from django.template import Context, Template
from django.utils import timezone

from identity.templatetags.ui import duration_text, moment


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (59.9, "59 s"),
        (60, "1 min"),
        (3_725, "1 h 2 min"),
        (93_784, "1 d 2 h"),
        (-5, "0 s"),
    ],
)
def test_a_duration_has_at_most_two_units(seconds, text):
    assert duration_text(seconds) == text


def test_a_moment_says_how_long_ago_and_carries_the_exact_time():
    then = timezone.now() - timedelta(hours=2, minutes=7)
    said = moment(then)
    assert ">2 h ago</time>" in said
    assert f'datetime="{then.isoformat()}"' in said
    assert ">in 2 h</time>" in moment(timezone.now() + timedelta(hours=2, minutes=7))


def test_a_query_keeps_what_it_does_not_change(rf):
    context = Context({"request": rf.get("/", {"a": "1", "page": "3"})})
    assert Template("{% query page=4 %}").render(context) == "?a=1&amp;page=4"
    assert Template("{% query page='' %}").render(context) == "?a=1"


def test_a_badge_is_a_word_and_hostile_words_stay_text():
    html = Template('{% badge "state" value %}').render(Context({"value": "<b>not-ok</b>"}))
    assert "<b>" not in html
    assert "not ok" in html
