"""The database itself refuses to change the history of answers, or to remove it from an assessment that stays."""

from django.db import migrations

# The second trigger waits for the end of the transaction, when a deleted assessment is gone as well.
FORWARD = """
CREATE FUNCTION readiness_refuse_change_of_history() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' OR EXISTS (SELECT FROM readiness_assessment WHERE id = OLD.assessment_id) THEN
        RAISE EXCEPTION 'The history of answers is only added to.' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER answer_change_is_never_updated
    AFTER UPDATE ON readiness_answerchange FOR EACH ROW EXECUTE FUNCTION readiness_refuse_change_of_history();
CREATE CONSTRAINT TRIGGER answer_change_is_never_deleted
    AFTER DELETE ON readiness_answerchange DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION readiness_refuse_change_of_history();
"""
BACKWARD = """
DROP TRIGGER answer_change_is_never_deleted ON readiness_answerchange;
DROP TRIGGER answer_change_is_never_updated ON readiness_answerchange;
DROP FUNCTION readiness_refuse_change_of_history();
"""


class Migration(migrations.Migration):
    dependencies = (("readiness", "0003_history_of_answers"),)
    operations = (migrations.RunSQL(FORWARD, BACKWARD),)
