"""The order of the inbox has an index for all findings, not for the failing ones alone."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """Replaces the partial index."""

    dependencies = [("findings", "0002_timeline_is_append_only")]
    operations = [
        migrations.RemoveIndex(model_name="finding", name="finding_inbox"),
        migrations.AddIndex(
            model_name="finding",
            index=models.Index(
                fields=["severity_rank", "-failing_since", "id"], name="finding_inbox"
            ),
        ),
    ]
