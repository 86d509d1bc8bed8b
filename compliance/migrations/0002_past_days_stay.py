"""The scores of a day that is past refuse to be changed, whoever connects."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION past_scores_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.day < (now() AT TIME ZONE 'utc')::date THEN
        RAISE EXCEPTION 'the scores of a past day are never rewritten';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER past_scores_stay BEFORE UPDATE ON compliance_scoresnapshot
    FOR EACH ROW EXECUTE FUNCTION past_scores_stay();
"""
BACKWARD = """
DROP TRIGGER past_scores_stay ON compliance_scoresnapshot;
DROP FUNCTION past_scores_stay();
"""


class Migration(migrations.Migration):
    """Adds the trigger."""

    dependencies = [("compliance", "0001_initial")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
