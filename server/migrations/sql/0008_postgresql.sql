CREATE FUNCTION service_adoption_two_people() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF NEW.status = 'adopted' AND OLD.status <> 'adopted'
     AND (NEW.adopted_by IS NULL OR NEW.adopted_by = NEW.proposed_by) THEN
    RAISE EXCEPTION 'service_adoption: is adopted by somebody else than proposed it' USING ERRCODE = '23514';
  END IF;
  RETURN NEW;
END $$
--;
CREATE TRIGGER service_adoption_two_people BEFORE UPDATE ON service_adoption FOR EACH ROW EXECUTE FUNCTION service_adoption_two_people()
