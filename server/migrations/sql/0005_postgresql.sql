-- Drafts: who wrote one does not decide about it; what is decided stays; content changes while it is a draft only.
CREATE FUNCTION draft_born_draft() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF NEW.state <> 'draft' THEN
    RAISE EXCEPTION 'draft: begins as a draft' USING ERRCODE = '23514';
  END IF;
  RETURN NEW;
END $$
--;
CREATE TRIGGER draft_born_draft BEFORE INSERT ON draft FOR EACH ROW EXECUTE FUNCTION draft_born_draft()
--;
CREATE FUNCTION draft_step() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF (NEW.id, NEW.origin, NEW.origin_name, NEW.base_version_id, NEW.created_at, NEW.created_by)
     IS DISTINCT FROM (OLD.id, OLD.origin, OLD.origin_name, OLD.base_version_id, OLD.created_at, OLD.created_by) THEN
    RAISE EXCEPTION 'draft: keeps where it came from' USING ERRCODE = '23514';
  END IF;
  IF NEW.state <> OLD.state AND (OLD.state || '>' || NEW.state) NOT IN (
     'draft>in_review', 'draft>abandoned', 'in_review>draft', 'in_review>approved', 'approved>draft',
     'approved>published', 'abandoned>draft') THEN
    RAISE EXCEPTION 'draft: this step is not possible' USING ERRCODE = '23514';
  END IF;
  IF NEW.state <> 'draft' AND (NEW.content_sha256 <> OLD.content_sha256 OR NEW.version <> OLD.version) THEN
    RAISE EXCEPTION 'draft: content changes while it is a draft only' USING ERRCODE = '23514';
  END IF;
  IF NEW.state = 'approved' AND OLD.state <> 'approved' AND NOT EXISTS (SELECT 1 FROM draft_review r
     WHERE r.draft_id = NEW.id AND r.step = 'approved' AND r.content_sha256 = NEW.content_sha256
       AND r.revision = NEW.revision) THEN
    RAISE EXCEPTION 'draft: nobody approved this content' USING ERRCODE = '23514';
  END IF;
  IF NEW.state = 'published' AND OLD.state <> 'published' AND NOT EXISTS (SELECT 1 FROM draft_review r
     JOIN service_version v ON v.id = NEW.published_version_id AND v.digest = r.digest AND v.version = NEW.version
     WHERE r.draft_id = NEW.id AND r.step = 'approved' AND r.content_sha256 = NEW.content_sha256
       AND r.revision = NEW.revision) THEN
    RAISE EXCEPTION 'draft: what is published is not what was approved' USING ERRCODE = '23514';
  END IF;
  RETURN NEW;
END $$
--;
CREATE TRIGGER draft_step BEFORE UPDATE ON draft FOR EACH ROW EXECUTE FUNCTION draft_step()
--;
CREATE TRIGGER draft_no_delete BEFORE DELETE ON draft FOR EACH ROW EXECUTE FUNCTION append_only()
--;
CREATE TRIGGER draft_no_truncate BEFORE TRUNCATE ON draft FOR EACH STATEMENT EXECUTE FUNCTION append_only()
--;
CREATE TRIGGER draft_file_frozen BEFORE UPDATE ON draft_file FOR EACH ROW EXECUTE FUNCTION append_only()
--;
CREATE TRIGGER draft_revision_frozen BEFORE UPDATE ON draft_revision FOR EACH ROW EXECUTE FUNCTION append_only()
--;
CREATE FUNCTION draft_revision_author() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  INSERT INTO draft_author (draft_id, user_id, since) VALUES (NEW.draft_id, NEW.saved_by, NEW.saved_at)
  ON CONFLICT DO NOTHING;
  RETURN NEW;
END $$
--;
CREATE TRIGGER draft_revision_author AFTER INSERT ON draft_revision FOR EACH ROW EXECUTE FUNCTION draft_revision_author()
--;
CREATE FUNCTION draft_revision_newest() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF OLD.number = (SELECT revision FROM draft WHERE id = OLD.draft_id) THEN
    RAISE EXCEPTION 'draft_revision: the newest stays' USING ERRCODE = '23514';
  END IF;
  RETURN OLD;
END $$
--;
CREATE TRIGGER draft_revision_newest BEFORE DELETE ON draft_revision FOR EACH ROW EXECUTE FUNCTION draft_revision_newest()
--;
CREATE TRIGGER draft_revision_no_truncate BEFORE TRUNCATE ON draft_revision FOR EACH STATEMENT EXECUTE FUNCTION append_only()
--;
CREATE TRIGGER draft_author_append_only BEFORE UPDATE OR DELETE ON draft_author FOR EACH ROW EXECUTE FUNCTION append_only()
--;
CREATE TRIGGER draft_author_no_truncate BEFORE TRUNCATE ON draft_author FOR EACH STATEMENT EXECUTE FUNCTION append_only()
--;
CREATE FUNCTION draft_comment_frozen() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF (NEW.id, NEW.draft_id, NEW.answers, NEW.revision, NEW.element, NEW.element_name, NEW.text, NEW.said_at, NEW.said_by)
     IS DISTINCT FROM
     (OLD.id, OLD.draft_id, OLD.answers, OLD.revision, OLD.element, OLD.element_name, OLD.text, OLD.said_at, OLD.said_by)
     OR (OLD.resolved_by IS NOT NULL AND NEW.resolved_by IS DISTINCT FROM OLD.resolved_by) THEN
    RAISE EXCEPTION 'draft_comment: is never edited' USING ERRCODE = '23514';
  END IF;
  RETURN NEW;
END $$
--;
CREATE TRIGGER draft_comment_frozen BEFORE UPDATE ON draft_comment FOR EACH ROW EXECUTE FUNCTION draft_comment_frozen()
--;
CREATE TRIGGER draft_comment_no_delete BEFORE DELETE ON draft_comment FOR EACH ROW EXECUTE FUNCTION append_only()
--;
CREATE TRIGGER draft_comment_no_truncate BEFORE TRUNCATE ON draft_comment FOR EACH STATEMENT EXECUTE FUNCTION append_only()
--;
CREATE FUNCTION draft_review_four_eyes() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF NEW.step NOT IN ('approved', 'sent_back') THEN
    RETURN NEW;
  END IF;
  IF EXISTS (SELECT 1 FROM draft_author a WHERE a.draft_id = NEW.draft_id AND a.user_id = NEW.done_by)
     OR EXISTS (SELECT 1 FROM draft d WHERE d.id = NEW.draft_id AND d.created_by = NEW.done_by) THEN
    RAISE EXCEPTION 'draft_review: nobody reviews their own work' USING ERRCODE = '23514';
  END IF;
  IF NOT EXISTS (SELECT 1 FROM draft d WHERE d.id = NEW.draft_id AND d.state = 'in_review'
                    AND d.content_sha256 = NEW.content_sha256 AND d.revision = NEW.revision) THEN
    RAISE EXCEPTION 'draft_review: is about the content as it is now' USING ERRCODE = '23514';
  END IF;
  RETURN NEW;
END $$
--;
CREATE TRIGGER draft_review_four_eyes BEFORE INSERT ON draft_review FOR EACH ROW EXECUTE FUNCTION draft_review_four_eyes()
--;
CREATE TRIGGER draft_review_append_only BEFORE UPDATE OR DELETE ON draft_review FOR EACH ROW EXECUTE FUNCTION append_only()
--;
CREATE TRIGGER draft_review_no_truncate BEFORE TRUNCATE ON draft_review FOR EACH STATEMENT EXECUTE FUNCTION append_only()
--;
-- Published versions: out of use step by step, with a reason, never back; recalled by somebody else than published.
CREATE FUNCTION service_version_lifecycle() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF (NEW.published_by, NEW.published_at, NEW.names::text)
     IS DISTINCT FROM (OLD.published_by, OLD.published_at, OLD.names::text) THEN
    RAISE EXCEPTION 'service version: keeps who published it and when' USING ERRCODE = '23514';
  END IF;
  IF NEW.status <> OLD.status AND (OLD.status || '>' || NEW.status) NOT IN (
     'published>deprecated', 'published>recalled', 'deprecated>recalled') THEN
    RAISE EXCEPTION 'service version: this step is not possible' USING ERRCODE = '23514';
  END IF;
  IF NEW.status <> OLD.status AND NOT EXISTS (SELECT 1 FROM service_version_step s
     WHERE s.service_version_id = NEW.id AND s.step = NEW.status) THEN
    RAISE EXCEPTION 'service version: a step needs its reason' USING ERRCODE = '23514';
  END IF;
  RETURN NEW;
END $$
--;
CREATE TRIGGER service_version_lifecycle BEFORE UPDATE ON service_version FOR EACH ROW EXECUTE FUNCTION service_version_lifecycle()
--;
CREATE FUNCTION service_version_step_four_eyes() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF NEW.step = 'recalled' AND EXISTS (SELECT 1 FROM service_version v
     WHERE v.id = NEW.service_version_id AND v.published_by = NEW.done_by) THEN
    RAISE EXCEPTION 'service version: is recalled by somebody else than published it' USING ERRCODE = '23514';
  END IF;
  RETURN NEW;
END $$
--;
CREATE TRIGGER service_version_step_four_eyes BEFORE INSERT ON service_version_step FOR EACH ROW EXECUTE FUNCTION service_version_step_four_eyes()
--;
CREATE TRIGGER service_version_step_append_only BEFORE UPDATE OR DELETE ON service_version_step FOR EACH ROW EXECUTE FUNCTION append_only()
--;
CREATE TRIGGER service_version_step_no_truncate BEFORE TRUNCATE ON service_version_step FOR EACH STATEMENT EXECUTE FUNCTION append_only()
--;
-- Adoptions: what a region overlays never changes, nor what it was promised with; calendars only get more holidays.
CREATE FUNCTION service_adoption_born() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF NEW.status <> 'proposed' THEN
    RAISE EXCEPTION 'service_adoption: begins as a proposal' USING ERRCODE = '23514';
  END IF;
  IF NOT EXISTS (SELECT 1 FROM service_version v
                  WHERE v.id = NEW.service_version_id AND v.service_code = NEW.service_code) THEN
    RAISE EXCEPTION 'service_adoption: is of a version of its service' USING ERRCODE = '23514';
  END IF;
  RETURN NEW;
END $$
--;
CREATE TRIGGER service_adoption_born BEFORE INSERT ON service_adoption FOR EACH ROW EXECUTE FUNCTION service_adoption_born()
--;
CREATE FUNCTION service_adoption_step() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF (NEW.id, NEW.service_code, NEW.service_version_id, NEW.region_code, NEW.language, NEW.price_list, NEW.terms_id,
      NEW.calendar_code, NEW.deadlines::text, NEW.replaces, NEW.proposed_by, NEW.proposed_at)
     IS DISTINCT FROM (OLD.id, OLD.service_code, OLD.service_version_id, OLD.region_code, OLD.language, OLD.price_list,
      OLD.terms_id, OLD.calendar_code, OLD.deadlines::text, OLD.replaces, OLD.proposed_by, OLD.proposed_at)
     OR (OLD.adopted_by IS NOT NULL AND NEW.adopted_by IS DISTINCT FROM OLD.adopted_by) THEN
    RAISE EXCEPTION 'service_adoption: is never edited' USING ERRCODE = '23514';
  END IF;
  IF NEW.status <> OLD.status AND OLD.status || '>' || NEW.status NOT IN (
     'proposed>adopted', 'proposed>withdrawn', 'adopted>superseded', 'adopted>withdrawn') THEN
    RAISE EXCEPTION 'service_adoption: this step is not possible' USING ERRCODE = '23514';
  END IF;
  RETURN NEW;
END $$
--;
CREATE TRIGGER service_adoption_step BEFORE UPDATE ON service_adoption FOR EACH ROW EXECUTE FUNCTION service_adoption_step()
--;
CREATE TRIGGER service_adoption_no_delete BEFORE DELETE ON service_adoption FOR EACH ROW EXECUTE FUNCTION append_only()
--;
CREATE TRIGGER service_adoption_no_truncate BEFORE TRUNCATE ON service_adoption FOR EACH STATEMENT EXECUTE FUNCTION append_only()
--;
CREATE TRIGGER work_calendar_append_only BEFORE UPDATE OR DELETE ON work_calendar FOR EACH ROW EXECUTE FUNCTION append_only()
--;
CREATE TRIGGER work_calendar_no_truncate BEFORE TRUNCATE ON work_calendar FOR EACH STATEMENT EXECUTE FUNCTION append_only()
--;
CREATE TRIGGER calendar_holiday_append_only BEFORE UPDATE OR DELETE ON calendar_holiday FOR EACH ROW EXECUTE FUNCTION append_only()
--;
CREATE TRIGGER calendar_holiday_no_truncate BEFORE TRUNCATE ON calendar_holiday FOR EACH STATEMENT EXECUTE FUNCTION append_only()
--;
CREATE FUNCTION quote_adoption_frozen() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF NEW.adoption_id IS DISTINCT FROM OLD.adoption_id THEN
    RAISE EXCEPTION 'quote: is never edited' USING ERRCODE = '23514';
  END IF;
  RETURN NEW;
END $$
--;
CREATE TRIGGER quote_adoption_frozen BEFORE UPDATE ON quote FOR EACH ROW EXECUTE FUNCTION quote_adoption_frozen()
