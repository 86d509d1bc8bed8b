"""What scores were on a day; frameworks themselves are YAML files."""

from typing import ClassVar

from django.db import models


class ScoreSnapshot(models.Model):
    """The score of one framework for one source at the end of one UTC day.

    Today's row is brought up to date; a trigger refuses to change the row of a day that is past.
    `tallies` is rule → account (row id) → counts, so that the score of a part of the accounts can
    be said for that day too.
    """

    source = models.ForeignKey("inventory.Source", models.CASCADE, related_name="scores")
    framework = models.CharField(max_length=60)
    day = models.DateField()
    at = models.DateTimeField()
    met = models.PositiveIntegerField()
    failed = models.PositiveIntegerField()
    waived = models.PositiveIntegerField()
    not_assessed = models.PositiveIntegerField()
    not_applicable = models.PositiveIntegerField()
    out_of_scope = models.PositiveIntegerField()
    tallies = models.JSONField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["source", "framework", "day"], name="score_identity"),
        ]
