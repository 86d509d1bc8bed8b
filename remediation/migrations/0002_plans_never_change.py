"""A plan is what was approved: its row can never be changed."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION plans_never_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a plan never changes; make another one';
END $$;
CREATE TRIGGER plans_never_change BEFORE UPDATE ON remediation_plan
    FOR EACH ROW EXECUTE FUNCTION plans_never_change();
"""
BACKWARD = """
DROP TRIGGER plans_never_change ON remediation_plan;
DROP FUNCTION plans_never_change();
"""


class Migration(migrations.Migration):
    """Adds the trigger."""

    dependencies = [("remediation", "0001_initial")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
