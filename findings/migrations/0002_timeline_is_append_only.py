"""A timeline refuses to be rewritten, whoever connects."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION timeline_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a finding''s timeline is append-only';
END $$;
CREATE TRIGGER timeline_is_append_only BEFORE UPDATE ON findings_findingevent
    FOR EACH ROW EXECUTE FUNCTION timeline_is_append_only();
"""
BACKWARD = """
DROP TRIGGER timeline_is_append_only ON findings_findingevent;
DROP FUNCTION timeline_is_append_only();
"""


class Migration(migrations.Migration):
    """Adds the trigger."""

    dependencies = [("findings", "0001_initial")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
