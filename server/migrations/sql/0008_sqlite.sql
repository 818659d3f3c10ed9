CREATE TRIGGER service_adoption_two_people BEFORE UPDATE ON service_adoption
 WHEN NEW.status = 'adopted' AND OLD.status <> 'adopted' AND (NEW.adopted_by IS NULL OR NEW.adopted_by = NEW.proposed_by) BEGIN
  SELECT RAISE(ABORT, 'service_adoption: is adopted by somebody else than proposed it');
END
