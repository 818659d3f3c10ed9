-- Terms, once approved, stay as they were agreed; a newer one follows them. Prices of a list never change.
CREATE FUNCTION terms_frozen() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF (NEW.region_code, NEW.fund, NEW.valid_from, NEW.valid_to, NEW.source, NEW.proposed_by)
     IS DISTINCT FROM (OLD.region_code, OLD.fund, OLD.valid_from, OLD.valid_to, OLD.source, OLD.proposed_by)
     OR (OLD.approved_by IS NOT NULL AND NEW.approved_by IS DISTINCT FROM OLD.approved_by)
     OR (OLD.status = 'retired' AND NEW.status <> 'retired')
     OR (OLD.status = 'approved' AND NEW.status = 'draft') THEN
    RAISE EXCEPTION 'terms: are never edited' USING ERRCODE = '23514';
  END IF;
  RETURN NEW;
END $$
--;
CREATE TRIGGER terms_frozen BEFORE UPDATE ON terms FOR EACH ROW EXECUTE FUNCTION terms_frozen()
--;
CREATE FUNCTION price_list_frozen() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF (NEW.code, NEW.filename, NEW.file_sha256, NEW.row_count, NEW.imported_by)
     IS DISTINCT FROM (OLD.code, OLD.filename, OLD.file_sha256, OLD.row_count, OLD.imported_by)
     OR (OLD.approved_by IS NOT NULL AND NEW.approved_by IS DISTINCT FROM OLD.approved_by)
     OR (OLD.status = 'retired' AND NEW.status <> 'retired')
     OR (OLD.status = 'approved' AND NEW.status = 'draft') THEN
    RAISE EXCEPTION 'price_list: is never edited' USING ERRCODE = '23514';
  END IF;
  RETURN NEW;
END $$
--;
CREATE TRIGGER price_list_frozen BEFORE UPDATE ON price_list FOR EACH ROW EXECUTE FUNCTION price_list_frozen()
--;
CREATE TRIGGER overhead_no_update BEFORE UPDATE ON overhead FOR EACH ROW EXECUTE FUNCTION append_only()
--;
CREATE TRIGGER overhead_no_delete BEFORE DELETE ON overhead FOR EACH ROW EXECUTE FUNCTION append_only()
--;
CREATE TRIGGER overhead_no_truncate BEFORE TRUNCATE ON overhead FOR EACH STATEMENT EXECUTE FUNCTION append_only()
--;
CREATE TRIGGER contribution_no_update BEFORE UPDATE ON contribution FOR EACH ROW EXECUTE FUNCTION append_only()
--;
CREATE TRIGGER contribution_no_delete BEFORE DELETE ON contribution FOR EACH ROW EXECUTE FUNCTION append_only()
--;
CREATE TRIGGER contribution_no_truncate BEFORE TRUNCATE ON contribution FOR EACH STATEMENT EXECUTE FUNCTION append_only()
--;
CREATE TRIGGER minimum_wage_no_update BEFORE UPDATE ON minimum_wage FOR EACH ROW EXECUTE FUNCTION append_only()
--;
CREATE TRIGGER minimum_wage_no_delete BEFORE DELETE ON minimum_wage FOR EACH ROW EXECUTE FUNCTION append_only()
--;
CREATE TRIGGER minimum_wage_no_truncate BEFORE TRUNCATE ON minimum_wage FOR EACH STATEMENT EXECUTE FUNCTION append_only()
--;
CREATE TRIGGER project_quote_no_update BEFORE UPDATE ON project_quote FOR EACH ROW EXECUTE FUNCTION append_only()
--;
CREATE TRIGGER project_quote_no_delete BEFORE DELETE ON project_quote FOR EACH ROW EXECUTE FUNCTION append_only()
--;
CREATE TRIGGER project_quote_no_truncate BEFORE TRUNCATE ON project_quote FOR EACH STATEMENT EXECUTE FUNCTION append_only()
--;
CREATE TRIGGER terms_no_delete BEFORE DELETE ON terms FOR EACH ROW EXECUTE FUNCTION append_only()
--;
CREATE TRIGGER terms_no_truncate BEFORE TRUNCATE ON terms FOR EACH STATEMENT EXECUTE FUNCTION append_only()
--;
CREATE TRIGGER price_list_no_delete BEFORE DELETE ON price_list FOR EACH ROW EXECUTE FUNCTION append_only()
--;
CREATE TRIGGER price_list_no_truncate BEFORE TRUNCATE ON price_list FOR EACH STATEMENT EXECUTE FUNCTION append_only()
--;
CREATE TRIGGER service_decision_append_only BEFORE UPDATE OR DELETE ON service_decision FOR EACH ROW EXECUTE FUNCTION append_only()
--;
CREATE TRIGGER service_decision_no_truncate BEFORE TRUNCATE ON service_decision FOR EACH STATEMENT EXECUTE FUNCTION append_only()
