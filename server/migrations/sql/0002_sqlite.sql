-- The history of instances, on SQLite. Frozen with migration 0002: later changes come as new files.
-- Statements are separated by lines of "--;".

CREATE TRIGGER instance_change_no_update BEFORE UPDATE ON instance_change BEGIN
  SELECT RAISE(ABORT, 'instance_change: is append-only');
END
--;
CREATE TRIGGER instance_change_no_delete BEFORE DELETE ON instance_change BEGIN
  SELECT RAISE(ABORT, 'instance_change: is append-only');
END
