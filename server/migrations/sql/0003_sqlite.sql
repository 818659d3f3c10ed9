-- Terms, once approved, stay as they were agreed; a newer one follows them. Prices of a list never change.
CREATE TRIGGER terms_frozen BEFORE UPDATE ON terms
WHEN NEW.region_code <> OLD.region_code OR NEW.fund <> OLD.fund OR NEW.valid_from <> OLD.valid_from
  OR NEW.valid_to IS NOT OLD.valid_to OR NEW.source <> OLD.source OR NEW.proposed_by <> OLD.proposed_by
  OR (OLD.approved_by IS NOT NULL AND NEW.approved_by IS NOT OLD.approved_by)
  OR (OLD.status = 'retired' AND NEW.status <> 'retired') OR (OLD.status = 'approved' AND NEW.status = 'draft') BEGIN
  SELECT RAISE(ABORT, 'terms: are never edited');
END
--;
CREATE TRIGGER terms_no_delete BEFORE DELETE ON terms BEGIN
  SELECT RAISE(ABORT, 'terms: are never deleted');
END
--;
CREATE TRIGGER price_list_frozen BEFORE UPDATE ON price_list
WHEN NEW.code <> OLD.code OR NEW.filename <> OLD.filename OR NEW.file_sha256 <> OLD.file_sha256
  OR NEW.row_count <> OLD.row_count OR NEW.imported_by <> OLD.imported_by
  OR (OLD.approved_by IS NOT NULL AND NEW.approved_by IS NOT OLD.approved_by)
  OR (OLD.status = 'retired' AND NEW.status <> 'retired') OR (OLD.status = 'approved' AND NEW.status = 'draft') BEGIN
  SELECT RAISE(ABORT, 'price_list: is never edited');
END
--;
CREATE TRIGGER price_list_no_delete BEFORE DELETE ON price_list BEGIN
  SELECT RAISE(ABORT, 'price_list: is never deleted');
END
--;
CREATE TRIGGER overhead_no_update BEFORE UPDATE ON overhead BEGIN
  SELECT RAISE(ABORT, 'overhead: is never edited');
END
--;
CREATE TRIGGER overhead_no_delete BEFORE DELETE ON overhead BEGIN
  SELECT RAISE(ABORT, 'overhead: is never deleted');
END
--;
CREATE TRIGGER contribution_no_update BEFORE UPDATE ON contribution BEGIN
  SELECT RAISE(ABORT, 'contribution: is never edited');
END
--;
CREATE TRIGGER contribution_no_delete BEFORE DELETE ON contribution BEGIN
  SELECT RAISE(ABORT, 'contribution: is never deleted');
END
--;
CREATE TRIGGER minimum_wage_no_update BEFORE UPDATE ON minimum_wage BEGIN
  SELECT RAISE(ABORT, 'minimum_wage: is never edited');
END
--;
CREATE TRIGGER minimum_wage_no_delete BEFORE DELETE ON minimum_wage BEGIN
  SELECT RAISE(ABORT, 'minimum_wage: is never deleted');
END
--;
CREATE TRIGGER project_quote_no_update BEFORE UPDATE ON project_quote BEGIN
  SELECT RAISE(ABORT, 'project_quote: is never edited');
END
--;
CREATE TRIGGER project_quote_no_delete BEFORE DELETE ON project_quote BEGIN
  SELECT RAISE(ABORT, 'project_quote: is never deleted');
END
--;
CREATE TRIGGER service_decision_no_update BEFORE UPDATE ON service_decision BEGIN
  SELECT RAISE(ABORT, 'service_decision: is append-only');
END
--;
CREATE TRIGGER service_decision_no_delete BEFORE DELETE ON service_decision BEGIN
  SELECT RAISE(ABORT, 'service_decision: is append-only');
END
