-- The history of instances, on PostgreSQL. Frozen with migration 0002: later changes come as new files.
-- Statements are separated by lines of "--;".

CREATE TRIGGER instance_change_append_only BEFORE UPDATE OR DELETE ON instance_change FOR EACH ROW EXECUTE FUNCTION append_only()
--;
CREATE TRIGGER instance_change_no_truncate BEFORE TRUNCATE ON instance_change FOR EACH STATEMENT EXECUTE FUNCTION append_only()
