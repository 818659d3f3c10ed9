-- Drafts: who wrote one does not decide about it; what is decided stays; content changes while it is a draft only.
CREATE TRIGGER draft_born_draft BEFORE INSERT ON draft WHEN NEW.state <> 'draft' BEGIN
  SELECT RAISE(ABORT, 'draft: begins as a draft');
END
--;
CREATE TRIGGER draft_step BEFORE UPDATE ON draft BEGIN
  SELECT RAISE(ABORT, 'draft: keeps where it came from')
   WHERE NEW.id <> OLD.id OR NEW.origin <> OLD.origin OR NEW.origin_name <> OLD.origin_name
      OR NEW.base_version_id IS NOT OLD.base_version_id
      OR NEW.created_at <> OLD.created_at OR NEW.created_by <> OLD.created_by;
  SELECT RAISE(ABORT, 'draft: this step is not possible')
   WHERE NEW.state <> OLD.state AND OLD.state || '>' || NEW.state NOT IN (
     'draft>in_review', 'draft>abandoned', 'in_review>draft', 'in_review>approved', 'approved>draft',
     'approved>published', 'abandoned>draft');
  SELECT RAISE(ABORT, 'draft: content changes while it is a draft only')
   WHERE NEW.state <> 'draft' AND (NEW.content_sha256 <> OLD.content_sha256 OR NEW.version <> OLD.version);
  SELECT RAISE(ABORT, 'draft: nobody approved this content')
   WHERE NEW.state = 'approved' AND OLD.state <> 'approved' AND NOT EXISTS (SELECT 1 FROM draft_review r
     WHERE r.draft_id = NEW.id AND r.step = 'approved' AND r.content_sha256 = NEW.content_sha256
       AND r.revision = NEW.revision);
  SELECT RAISE(ABORT, 'draft: what is published is not what was approved')
   WHERE NEW.state = 'published' AND OLD.state <> 'published' AND NOT EXISTS (SELECT 1 FROM draft_review r
     JOIN service_version v ON v.id = NEW.published_version_id AND v.digest = r.digest AND v.version = NEW.version
     WHERE r.draft_id = NEW.id AND r.step = 'approved' AND r.content_sha256 = NEW.content_sha256
       AND r.revision = NEW.revision);
END
--;
CREATE TRIGGER draft_no_delete BEFORE DELETE ON draft BEGIN
  SELECT RAISE(ABORT, 'draft: is never deleted');
END
--;
CREATE TRIGGER draft_file_frozen BEFORE UPDATE ON draft_file BEGIN
  SELECT RAISE(ABORT, 'draft_file: is never edited');
END
--;
CREATE TRIGGER draft_revision_frozen BEFORE UPDATE ON draft_revision BEGIN
  SELECT RAISE(ABORT, 'draft_revision: is never edited');
END
--;
CREATE TRIGGER draft_revision_author AFTER INSERT ON draft_revision BEGIN
  INSERT INTO draft_author (draft_id, user_id, since) SELECT NEW.draft_id, NEW.saved_by, NEW.saved_at
   WHERE NOT EXISTS (SELECT 1 FROM draft_author WHERE draft_id = NEW.draft_id AND user_id = NEW.saved_by);
END
--;
CREATE TRIGGER draft_revision_newest BEFORE DELETE ON draft_revision
WHEN OLD.number = (SELECT revision FROM draft WHERE id = OLD.draft_id) BEGIN
  SELECT RAISE(ABORT, 'draft_revision: the newest stays');
END
--;
CREATE TRIGGER draft_author_no_update BEFORE UPDATE ON draft_author BEGIN
  SELECT RAISE(ABORT, 'draft_author: is append-only');
END
--;
CREATE TRIGGER draft_author_no_delete BEFORE DELETE ON draft_author BEGIN
  SELECT RAISE(ABORT, 'draft_author: is append-only');
END
--;
CREATE TRIGGER draft_comment_frozen BEFORE UPDATE ON draft_comment
WHEN NEW.id <> OLD.id OR NEW.draft_id <> OLD.draft_id OR NEW.answers IS NOT OLD.answers OR NEW.revision <> OLD.revision
  OR NEW.element <> OLD.element OR NEW.element_name <> OLD.element_name OR NEW.text <> OLD.text
  OR NEW.said_at <> OLD.said_at OR NEW.said_by <> OLD.said_by
  OR (OLD.resolved_by IS NOT NULL AND NEW.resolved_by IS NOT OLD.resolved_by) BEGIN
  SELECT RAISE(ABORT, 'draft_comment: is never edited');
END
--;
CREATE TRIGGER draft_comment_no_delete BEFORE DELETE ON draft_comment BEGIN
  SELECT RAISE(ABORT, 'draft_comment: is never deleted');
END
--;
CREATE TRIGGER draft_review_four_eyes BEFORE INSERT ON draft_review WHEN NEW.step IN ('approved', 'sent_back') BEGIN
  SELECT RAISE(ABORT, 'draft_review: nobody reviews their own work')
   WHERE EXISTS (SELECT 1 FROM draft_author a WHERE a.draft_id = NEW.draft_id AND a.user_id = NEW.done_by)
      OR EXISTS (SELECT 1 FROM draft d WHERE d.id = NEW.draft_id AND d.created_by = NEW.done_by);
  SELECT RAISE(ABORT, 'draft_review: is about the content as it is now')
   WHERE NOT EXISTS (SELECT 1 FROM draft d WHERE d.id = NEW.draft_id AND d.state = 'in_review'
                        AND d.content_sha256 = NEW.content_sha256 AND d.revision = NEW.revision);
END
--;
CREATE TRIGGER draft_review_no_update BEFORE UPDATE ON draft_review BEGIN
  SELECT RAISE(ABORT, 'draft_review: is append-only');
END
--;
CREATE TRIGGER draft_review_no_delete BEFORE DELETE ON draft_review BEGIN
  SELECT RAISE(ABORT, 'draft_review: is append-only');
END
--;
-- Published versions: out of use step by step, with a reason, never back; recalled by somebody else than published.
CREATE TRIGGER service_version_lifecycle BEFORE UPDATE ON service_version BEGIN
  SELECT RAISE(ABORT, 'service version: keeps who published it and when')
   WHERE NEW.published_by <> OLD.published_by OR NEW.published_at <> OLD.published_at OR NEW.names <> OLD.names;
  SELECT RAISE(ABORT, 'service version: this step is not possible')
   WHERE NEW.status <> OLD.status AND OLD.status || '>' || NEW.status NOT IN (
     'published>deprecated', 'published>recalled', 'deprecated>recalled');
  SELECT RAISE(ABORT, 'service version: a step needs its reason')
   WHERE NEW.status <> OLD.status AND NOT EXISTS (SELECT 1 FROM service_version_step s
     WHERE s.service_version_id = NEW.id AND s.step = NEW.status);
END
--;
CREATE TRIGGER service_version_step_four_eyes BEFORE INSERT ON service_version_step WHEN NEW.step = 'recalled' BEGIN
  SELECT RAISE(ABORT, 'service version: is recalled by somebody else than published it')
   WHERE EXISTS (SELECT 1 FROM service_version v WHERE v.id = NEW.service_version_id AND v.published_by = NEW.done_by);
END
--;
CREATE TRIGGER service_version_step_no_update BEFORE UPDATE ON service_version_step BEGIN
  SELECT RAISE(ABORT, 'service_version_step: is append-only');
END
--;
CREATE TRIGGER service_version_step_no_delete BEFORE DELETE ON service_version_step BEGIN
  SELECT RAISE(ABORT, 'service_version_step: is append-only');
END
--;
-- Adoptions: what a region overlays never changes, nor what it was promised with; calendars only get more holidays.
CREATE TRIGGER service_adoption_born BEFORE INSERT ON service_adoption BEGIN
  SELECT RAISE(ABORT, 'service_adoption: begins as a proposal') WHERE NEW.status <> 'proposed';
  SELECT RAISE(ABORT, 'service_adoption: is of a version of its service')
   WHERE NOT EXISTS (SELECT 1 FROM service_version v
                      WHERE v.id = NEW.service_version_id AND v.service_code = NEW.service_code);
END
--;
CREATE TRIGGER service_adoption_step BEFORE UPDATE ON service_adoption BEGIN
  SELECT RAISE(ABORT, 'service_adoption: is never edited')
   WHERE NEW.id <> OLD.id OR NEW.service_code <> OLD.service_code OR NEW.service_version_id <> OLD.service_version_id
      OR NEW.region_code <> OLD.region_code OR NEW.language <> OLD.language OR NEW.price_list <> OLD.price_list
      OR NEW.terms_id IS NOT OLD.terms_id OR NEW.calendar_code IS NOT OLD.calendar_code
      OR NEW.deadlines <> OLD.deadlines OR NEW.replaces IS NOT OLD.replaces OR NEW.proposed_by <> OLD.proposed_by
      OR NEW.proposed_at <> OLD.proposed_at
      OR (OLD.adopted_by IS NOT NULL AND NEW.adopted_by IS NOT OLD.adopted_by);
  SELECT RAISE(ABORT, 'service_adoption: this step is not possible')
   WHERE NEW.status <> OLD.status AND OLD.status || '>' || NEW.status NOT IN (
     'proposed>adopted', 'proposed>withdrawn', 'adopted>superseded', 'adopted>withdrawn');
END
--;
CREATE TRIGGER service_adoption_no_delete BEFORE DELETE ON service_adoption BEGIN
  SELECT RAISE(ABORT, 'service_adoption: is never deleted');
END
--;
CREATE TRIGGER work_calendar_no_update BEFORE UPDATE ON work_calendar BEGIN
  SELECT RAISE(ABORT, 'work_calendar: is never edited');
END
--;
CREATE TRIGGER work_calendar_no_delete BEFORE DELETE ON work_calendar BEGIN
  SELECT RAISE(ABORT, 'work_calendar: is never deleted');
END
--;
CREATE TRIGGER calendar_holiday_no_update BEFORE UPDATE ON calendar_holiday BEGIN
  SELECT RAISE(ABORT, 'calendar_holiday: is append-only');
END
--;
CREATE TRIGGER calendar_holiday_no_delete BEFORE DELETE ON calendar_holiday BEGIN
  SELECT RAISE(ABORT, 'calendar_holiday: is append-only');
END
--;
CREATE TRIGGER quote_adoption_frozen BEFORE UPDATE ON quote WHEN NEW.adoption_id IS NOT OLD.adoption_id BEGIN
  SELECT RAISE(ABORT, 'quote: is never edited');
END
