-- Advances, claims, several approvers, checked accounts: what the database refuses, on PostgreSQL. Frozen with 0006.

CREATE FUNCTION ledger_seal_reversal() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE reversed text;
BEGIN
  SELECT reverses_id INTO reversed FROM ledger_entry WHERE id = NEW.entry_id;
  IF reversed IS NULL THEN RETURN NEW; END IF;
  IF EXISTS (SELECT 1 FROM ledger_entry WHERE id = reversed AND reverses_id IS NOT NULL) THEN
    RAISE EXCEPTION 'ledger: a reversal is not reversed' USING ERRCODE = '23514';
  END IF;
  IF EXISTS (SELECT 1 FROM ledger_posting WHERE entry_id IN (NEW.entry_id, reversed)
              GROUP BY account_id HAVING sum(amount) <> 0) THEN
    RAISE EXCEPTION 'ledger: a reversal takes every line back' USING ERRCODE = '23514';
  END IF;
  RETURN NEW;
END $$
--;
CREATE TRIGGER ledger_seal_reversal BEFORE INSERT ON ledger_seal FOR EACH ROW EXECUTE FUNCTION ledger_seal_reversal()
--;
CREATE FUNCTION claim_step() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NEW.state <> 'proposed' OR NEW.recovered <> 0 THEN
      RAISE EXCEPTION 'claim: begins as proposed' USING ERRCODE = '23514';
    END IF;
    RETURN NEW;
  END IF;
  IF (NEW.id, NEW.person_id, NEW.kind, NEW.currency, NEW.amount, NEW.share, NEW.reason, NEW.region_code, NEW.payable_id,
      NEW.project_id, NEW.fund, NEW.proposed_by, NEW.proposed_at)
     IS DISTINCT FROM (OLD.id, OLD.person_id, OLD.kind, OLD.currency, OLD.amount, OLD.share, OLD.reason, OLD.region_code,
      OLD.payable_id, OLD.project_id, OLD.fund, OLD.proposed_by, OLD.proposed_at)
     OR (OLD.state <> 'proposed' AND (NEW.state, NEW.decided_by, NEW.decided_at, NEW.entry_id)
         IS DISTINCT FROM (OLD.state, OLD.decided_by, OLD.decided_at, OLD.entry_id)) THEN
    RAISE EXCEPTION 'claim: is never edited' USING ERRCODE = '23514';
  END IF;
  IF OLD.state <> 'approved' AND NEW.recovered <> OLD.recovered THEN
    RAISE EXCEPTION 'claim: is not approved' USING ERRCODE = '23514';
  END IF;
  IF NEW.decided_by IS NOT NULL AND EXISTS
     (SELECT 1 FROM user_account u WHERE u.person_id = NEW.person_id AND u.id = NEW.decided_by) THEN
    RAISE EXCEPTION 'claim: nobody decides about their own debt' USING ERRCODE = '23514';
  END IF;
  RETURN NEW;
END $$
--;
CREATE TRIGGER claim_step BEFORE INSERT OR UPDATE ON claim FOR EACH ROW EXECUTE FUNCTION claim_step()
--;
CREATE FUNCTION recovery_step() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NEW.state <> 'planned' THEN
      RAISE EXCEPTION 'recovery: begins as planned' USING ERRCODE = '23514';
    END IF;
    IF NOT EXISTS (SELECT 1 FROM claim c, payable y WHERE c.id = NEW.claim_id AND y.id = NEW.payable_id
                      AND c.person_id = y.person_id AND c.currency = y.currency) THEN
      RAISE EXCEPTION 'recovery: payee or currency differ' USING ERRCODE = '23514';
    END IF;
    RETURN NEW;
  END IF;
  IF (NEW.id, NEW.claim_id, NEW.payable_id, NEW.amount, NEW.planned_by, NEW.planned_at)
     IS DISTINCT FROM (OLD.id, OLD.claim_id, OLD.payable_id, OLD.amount, OLD.planned_by, OLD.planned_at)
     OR OLD.state <> 'planned' THEN
    RAISE EXCEPTION 'recovery: is never edited' USING ERRCODE = '23514';
  END IF;
  IF NEW.state = 'posted' THEN
    PERFORM 1 FROM claim WHERE id = NEW.claim_id FOR NO KEY UPDATE;
    IF NOT EXISTS (SELECT 1 FROM claim c, payable y WHERE c.id = NEW.claim_id AND y.id = NEW.payable_id AND
         (NEW.amount + (SELECT coalesce(sum(r.amount), 0) FROM recovery r WHERE r.claim_id = c.id
                           AND r.payable_id = y.id AND r.state = 'posted')) * 10000 <= c.share * y.amount) THEN
      RAISE EXCEPTION 'recovery: more than the share that was agreed' USING ERRCODE = '23514';
    END IF;
    UPDATE claim SET recovered = recovered + NEW.amount WHERE id = NEW.claim_id;
    UPDATE payable SET allocated = allocated + NEW.amount, settled = settled + NEW.amount WHERE id = NEW.payable_id;
  END IF;
  RETURN NEW;
END $$
--;
CREATE TRIGGER recovery_step BEFORE INSERT OR UPDATE ON recovery FOR EACH ROW EXECUTE FUNCTION recovery_step()
--;
CREATE FUNCTION payee_account_check_other() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF EXISTS (SELECT 1 FROM payee_account a LEFT JOIN user_account u ON u.person_id = a.person_id
              WHERE a.id = NEW.payee_account_id AND NEW.checked_by IN (a.created_by, u.id)) THEN
    RAISE EXCEPTION 'payee account: somebody else checks it' USING ERRCODE = '23514';
  END IF;
  RETURN NEW;
END $$
--;
CREATE TRIGGER payee_account_check_other BEFORE INSERT ON payee_account_check FOR EACH ROW EXECUTE FUNCTION payee_account_check_other()
--;
CREATE FUNCTION payment_account_checked() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF EXISTS (SELECT 1 FROM payee_account_check k WHERE k.payee_account_id = NEW.payee_account_id AND k.verdict = 'confirmed') THEN
    RETURN NEW;
  END IF;
  IF EXISTS (SELECT 1 FROM payee_account_check k WHERE k.payee_account_id = NEW.payee_account_id)
     OR EXISTS (SELECT 1 FROM person p WHERE p.id = NEW.person_id AND p.kind = 'organisation')
     OR EXISTS (SELECT 1 FROM payee_account a JOIN payee_account b ON b.person_id = a.person_id AND b.id < a.id
                 WHERE a.id = NEW.payee_account_id AND b.identifier <> a.identifier) THEN
    RAISE EXCEPTION 'payment: the account was changed and nobody has checked it' USING ERRCODE = '23514';
  END IF;
  RETURN NEW;
END $$
--;
CREATE TRIGGER payment_account_checked BEFORE INSERT ON payment FOR EACH ROW EXECUTE FUNCTION payment_account_checked()
--;
CREATE FUNCTION batch_approval_other() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF NOT EXISTS (SELECT 1 FROM payment_batch b WHERE b.id = NEW.batch_id AND b.state = 'submitted'
                    AND b.content_sha256 = NEW.content_sha256 FOR UPDATE) THEN
    RAISE EXCEPTION 'batch approval: is of another content' USING ERRCODE = '23514';
  END IF;
  IF EXISTS (SELECT 1 FROM payment_batch b WHERE b.id = NEW.batch_id AND b.prepared_by = NEW.approved_by) THEN
    RAISE EXCEPTION 'batch approval: nobody approves their own batch' USING ERRCODE = '23514';
  END IF;
  IF EXISTS (SELECT 1 FROM payment p LEFT JOIN user_account u ON u.person_id = p.person_id
              WHERE p.batch_id = NEW.batch_id AND NEW.approved_by IN (p.person_id, u.id)) THEN
    RAISE EXCEPTION 'batch approval: nobody approves a payment to themselves' USING ERRCODE = '23514';
  END IF;
  IF EXISTS (SELECT 1 FROM payment p JOIN allocation a ON a.payment_id = p.id JOIN payable y ON y.id = a.payable_id
               JOIN delivery d ON d.id = y.delivery_id
              WHERE p.batch_id = NEW.batch_id AND d.accepted_by = NEW.approved_by) THEN
    RAISE EXCEPTION 'batch approval: nobody approves paying what they accepted' USING ERRCODE = '23514';
  END IF;
  RETURN NEW;
END $$
--;
CREATE TRIGGER batch_approval_other BEFORE INSERT ON batch_approval FOR EACH ROW EXECUTE FUNCTION batch_approval_other()
--;
CREATE FUNCTION batch_approved_by_enough() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF NEW.state = 'approved' AND OLD.state <> 'approved' AND NEW.approved_by IS NOT NULL AND
     ((SELECT count(*) FROM batch_approval a WHERE a.batch_id = NEW.id AND a.content_sha256 = NEW.content_sha256)
        < length(NEW.approval_roles) - length(replace(NEW.approval_roles, ',', '')) + 1
      OR NOT EXISTS (SELECT 1 FROM batch_approval a WHERE a.batch_id = NEW.id AND a.approved_by = NEW.approved_by
                        AND a.content_sha256 = NEW.content_sha256)) THEN
    RAISE EXCEPTION 'batch: not enough people have approved' USING ERRCODE = '23514';
  END IF;
  IF OLD.state <> 'draft' AND NEW.approval_roles <> OLD.approval_roles THEN
    RAISE EXCEPTION 'batch: the number of approvers is frozen' USING ERRCODE = '23514';
  END IF;
  IF OLD.cover_sha256 IS NOT NULL AND (NEW.cover_sha256 IS DISTINCT FROM OLD.cover_sha256
     OR NEW.signers::text IS DISTINCT FROM OLD.signers::text) THEN
    RAISE EXCEPTION 'batch: the cover sheet is frozen' USING ERRCODE = '23514';
  END IF;
  RETURN NEW;
END $$
--;
CREATE TRIGGER batch_approved_by_enough BEFORE UPDATE ON payment_batch FOR EACH ROW EXECUTE FUNCTION batch_approved_by_enough()
--;
CREATE FUNCTION approval_policy_step() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NEW.approved_by IS NOT NULL THEN
      RAISE EXCEPTION 'approval policy: begins as a proposal' USING ERRCODE = '23514';
    END IF;
    RETURN NEW;
  END IF;
  IF OLD.approved_by IS NOT NULL OR (NEW.id, NEW.currency, NEW.fund, NEW.valid_from, NEW.steps::text, NEW.note, NEW.proposed_by, NEW.proposed_at)
     IS DISTINCT FROM (OLD.id, OLD.currency, OLD.fund, OLD.valid_from, OLD.steps::text, OLD.note, OLD.proposed_by, OLD.proposed_at) THEN
    RAISE EXCEPTION 'approval policy: is never edited' USING ERRCODE = '23514';
  END IF;
  RETURN NEW;
END $$
--;
CREATE TRIGGER approval_policy_step BEFORE INSERT OR UPDATE ON approval_policy FOR EACH ROW EXECUTE FUNCTION approval_policy_step()
--;
CREATE FUNCTION payable_origin_frozen() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF (NEW.region_code, NEW.cause) IS DISTINCT FROM (OLD.region_code, OLD.cause) THEN
    RAISE EXCEPTION 'payable: is never edited' USING ERRCODE = '23514';
  END IF;
  RETURN NEW;
END $$
--;
CREATE TRIGGER payable_origin_frozen BEFORE UPDATE ON payable FOR EACH ROW EXECUTE FUNCTION payable_origin_frozen()
--;
CREATE TRIGGER batch_approval_append_only BEFORE UPDATE OR DELETE ON batch_approval FOR EACH ROW EXECUTE FUNCTION append_only()
--;
CREATE TRIGGER batch_approval_no_truncate BEFORE TRUNCATE ON batch_approval FOR EACH STATEMENT EXECUTE FUNCTION append_only()
--;
CREATE TRIGGER payee_account_check_append_only BEFORE UPDATE OR DELETE ON payee_account_check FOR EACH ROW EXECUTE FUNCTION append_only()
--;
CREATE TRIGGER payee_account_check_no_truncate BEFORE TRUNCATE ON payee_account_check FOR EACH STATEMENT EXECUTE FUNCTION append_only()
--;
CREATE TRIGGER claim_no_delete BEFORE DELETE ON claim FOR EACH ROW EXECUTE FUNCTION append_only()
--;
CREATE TRIGGER claim_no_truncate BEFORE TRUNCATE ON claim FOR EACH STATEMENT EXECUTE FUNCTION append_only()
--;
CREATE TRIGGER recovery_no_delete BEFORE DELETE ON recovery FOR EACH ROW EXECUTE FUNCTION append_only()
--;
CREATE TRIGGER recovery_no_truncate BEFORE TRUNCATE ON recovery FOR EACH STATEMENT EXECUTE FUNCTION append_only()
--;
CREATE TRIGGER approval_policy_no_delete BEFORE DELETE ON approval_policy FOR EACH ROW EXECUTE FUNCTION append_only()
--;
CREATE TRIGGER approval_policy_no_truncate BEFORE TRUNCATE ON approval_policy FOR EACH STATEMENT EXECUTE FUNCTION append_only()
