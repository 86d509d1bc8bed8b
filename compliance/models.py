"""What scores were on a day; frameworks themselves are YAML files."""

from typing import ClassVar

from django.db import models


class ScoreSnapshot(models.Model):
    """The score of one framework for one source at the end of one UTC day; never rewritten after."""

    source = models.ForeignKey("inventory.Source", models.CASCADE, related_name="scores")
    framework = models.SlugField(max_length=60)
    day = models.DateField()
    at = models.DateTimeField()
    passed = models.PositiveIntegerField()
    failed = models.PositiveIntegerField()
    not_assessed = models.PositiveIntegerField()
    manual = models.PositiveIntegerField(default=0)
    controls = models.JSONField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["source", "framework", "day"], name="score_identity"),
        ]
