-- What the database itself refuses, on PostgreSQL. Frozen with migration 0001: later changes come as new files.
-- Statements are separated by lines of "--;". Errors carry SQLSTATE 23514 (check violation) or 40001 (try again).

CREATE FUNCTION ledger_seal_check() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF (SELECT count(*) FROM ledger_posting WHERE entry_id = NEW.entry_id) < 2 THEN
    RAISE EXCEPTION 'ledger: an entry needs two lines' USING ERRCODE = '23514';
  END IF;
  IF EXISTS (SELECT 1 FROM ledger_posting p JOIN ledger_account a ON a.id = p.account_id
              WHERE p.entry_id = NEW.entry_id GROUP BY a.book, a.currency HAVING sum(p.amount) <> 0) THEN
    RAISE EXCEPTION 'ledger: an entry must balance in each book and currency' USING ERRCODE = '23514';
  END IF;
  -- accounts first, in one order (no deadlock); the head of the chain last, so it is held for the shortest time
  PERFORM 1 FROM ledger_account WHERE id IN (SELECT account_id FROM ledger_posting WHERE entry_id = NEW.entry_id)
    ORDER BY id FOR NO KEY UPDATE;
  UPDATE ledger_account a SET balance = balance + d.change
    FROM (SELECT account_id, sum(amount)::bigint AS change FROM ledger_posting
           WHERE entry_id = NEW.entry_id GROUP BY account_id) d WHERE a.id = d.account_id;
  RETURN NEW;
END $$
--;
CREATE TRIGGER ledger_seal_check BEFORE INSERT ON ledger_seal FOR EACH ROW EXECUTE FUNCTION ledger_seal_check()
--;
CREATE FUNCTION ledger_seal_apply() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  UPDATE ledger_head SET seq = NEW.seq, hash = NEW.hash WHERE id = 1 AND seq = NEW.seq - 1 AND hash = NEW.previous_hash;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'ledger: the hash chain is broken' USING ERRCODE = '40001';
  END IF;
  RETURN NULL;
END $$
--;
CREATE TRIGGER ledger_seal_apply AFTER INSERT ON ledger_seal FOR EACH ROW EXECUTE FUNCTION ledger_seal_apply()
--;
CREATE FUNCTION ledger_posting_sealed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF EXISTS (SELECT 1 FROM ledger_seal WHERE entry_id = NEW.entry_id) THEN
    RAISE EXCEPTION 'ledger: the entry is sealed' USING ERRCODE = '23514';
  END IF;
  RETURN NEW;
END $$
--;
CREATE TRIGGER ledger_posting_sealed BEFORE INSERT ON ledger_posting FOR EACH ROW EXECUTE FUNCTION ledger_posting_sealed()
--;
CREATE FUNCTION ledger_account_frozen() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF (NEW.id, NEW.code, NEW.book, NEW.kind, NEW.currency, NEW.floor, NEW.ceiling)
     IS DISTINCT FROM (OLD.id, OLD.code, OLD.book, OLD.kind, OLD.currency, OLD.floor, OLD.ceiling) THEN
    RAISE EXCEPTION 'ledger: an account keeps its kind and its bounds' USING ERRCODE = '23514';
  END IF;
  RETURN NEW;
END $$
--;
CREATE TRIGGER ledger_account_frozen BEFORE UPDATE ON ledger_account FOR EACH ROW EXECUTE FUNCTION ledger_account_frozen()
--;
CREATE FUNCTION allocation_apply() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF (SELECT b.state FROM payment p JOIN payment_batch b ON b.id = p.batch_id WHERE p.id = NEW.payment_id FOR SHARE OF b) <> 'draft' THEN
    RAISE EXCEPTION 'allocation: the batch is not a draft' USING ERRCODE = '23514';
  END IF;
  IF NOT EXISTS (SELECT 1 FROM payment p, payable y WHERE p.id = NEW.payment_id AND y.id = NEW.payable_id
                    AND p.person_id = y.person_id AND p.currency = y.currency) THEN
    RAISE EXCEPTION 'allocation: payee or currency differ' USING ERRCODE = '23514';
  END IF;
  UPDATE payable SET allocated = allocated + NEW.amount WHERE id = NEW.payable_id;
  RETURN NULL;
END $$
--;
CREATE TRIGGER allocation_apply AFTER INSERT ON allocation FOR EACH ROW EXECUTE FUNCTION allocation_apply()
--;
CREATE FUNCTION payment_in_draft() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF (SELECT state FROM payment_batch WHERE id = NEW.batch_id FOR SHARE) <> 'draft' THEN
    RAISE EXCEPTION 'payment: the batch is not a draft' USING ERRCODE = '23514';
  END IF;
  IF NEW.state <> 'draft' THEN
    RAISE EXCEPTION 'payment: begins as a draft' USING ERRCODE = '23514';
  END IF;
  RETURN NEW;
END $$
--;
CREATE TRIGGER payment_in_draft BEFORE INSERT ON payment FOR EACH ROW EXECUTE FUNCTION payment_in_draft()
--;
CREATE FUNCTION payment_frozen() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF (NEW.id, NEW.amount, NEW.currency, NEW.person_id, NEW.batch_id, NEW.end_to_end_id, NEW.uetr, NEW.account_kind,
      NEW.account_identifier, NEW.account_agent, NEW.payee_name, NEW.payee_account_id, NEW.payee_country,
      NEW.payee_town, NEW.reference, NEW.retries_id)
     IS DISTINCT FROM (OLD.id, OLD.amount, OLD.currency, OLD.person_id, OLD.batch_id, OLD.end_to_end_id, OLD.uetr, OLD.account_kind,
      OLD.account_identifier, OLD.account_agent, OLD.payee_name, OLD.payee_account_id, OLD.payee_country,
      OLD.payee_town, OLD.reference, OLD.retries_id) THEN
    RAISE EXCEPTION 'payment: is frozen' USING ERRCODE = '23514';
  END IF;
  IF NEW.state <> OLD.state AND NOT EXISTS
     (SELECT 1 FROM payment_transition WHERE from_state = OLD.state AND to_state = NEW.state) THEN
    RAISE EXCEPTION 'payment: this step is not possible' USING ERRCODE = '23514';
  END IF;
  IF NEW.state = 'in_transit' AND OLD.state <> 'in_transit' AND NEW.amount <>
     (SELECT coalesce(sum(amount), 0) FROM allocation WHERE payment_id = NEW.id) THEN
    RAISE EXCEPTION 'payment: the allocations do not sum to the amount' USING ERRCODE = '23514';
  END IF;
  RETURN NEW;
END $$
--;
CREATE TRIGGER payment_frozen BEFORE UPDATE ON payment FOR EACH ROW EXECUTE FUNCTION payment_frozen()
--;
CREATE FUNCTION payment_applied() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  PERFORM 1 FROM payable WHERE id IN (SELECT payable_id FROM allocation WHERE payment_id = NEW.id) ORDER BY id FOR NO KEY UPDATE;
  IF NEW.state = 'settled' THEN
    UPDATE payable y SET settled = settled + a.amount FROM allocation a WHERE a.payment_id = NEW.id AND a.payable_id = y.id;
  ELSIF NEW.state = 'returned' THEN
    UPDATE payable y SET settled = settled - a.amount, allocated = allocated - a.amount
      FROM allocation a WHERE a.payment_id = NEW.id AND a.payable_id = y.id;
  ELSIF NEW.state IN ('rejected', 'cancelled') THEN
    UPDATE payable y SET allocated = allocated - a.amount FROM allocation a WHERE a.payment_id = NEW.id AND a.payable_id = y.id;
  END IF;
  RETURN NULL;
END $$
--;
CREATE TRIGGER payment_applied AFTER UPDATE OF state ON payment FOR EACH ROW WHEN (NEW.state <> OLD.state) EXECUTE FUNCTION payment_applied()
--;
CREATE FUNCTION batch_born_draft() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF NEW.state <> 'draft' THEN
    RAISE EXCEPTION 'batch: begins as a draft' USING ERRCODE = '23514';
  END IF;
  RETURN NEW;
END $$
--;
CREATE TRIGGER batch_born_draft BEFORE INSERT ON payment_batch FOR EACH ROW EXECUTE FUNCTION batch_born_draft()
--;
CREATE FUNCTION batch_step() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF NEW.state <> OLD.state AND NOT EXISTS
     (SELECT 1 FROM batch_transition WHERE from_state = OLD.state AND to_state = NEW.state) THEN
    RAISE EXCEPTION 'batch: this step is not possible' USING ERRCODE = '23514';
  END IF;
  IF OLD.state <> 'draft' AND (NEW.content_sha256, NEW.currency, NEW.paying_account_id, NEW.prepared_by, NEW.reference, NEW.execution_date)
     IS DISTINCT FROM (OLD.content_sha256, OLD.currency, OLD.paying_account_id, OLD.prepared_by, OLD.reference, OLD.execution_date) THEN
    RAISE EXCEPTION 'batch: the content is frozen' USING ERRCODE = '23514';
  END IF;
  IF OLD.approved_by IS NOT NULL AND NEW.approved_by IS DISTINCT FROM OLD.approved_by THEN
    RAISE EXCEPTION 'batch: the approval is final' USING ERRCODE = '23514';
  END IF;
  IF OLD.file_sha256 IS NOT NULL AND NEW.file_sha256 IS DISTINCT FROM OLD.file_sha256 THEN
    RAISE EXCEPTION 'batch: the file is frozen' USING ERRCODE = '23514';
  END IF;
  RETURN NEW;
END $$
--;
CREATE TRIGGER batch_step BEFORE UPDATE ON payment_batch FOR EACH ROW EXECUTE FUNCTION batch_step()
--;
CREATE FUNCTION batch_not_own_money() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF NEW.approved_by IS NULL THEN RETURN NEW; END IF;
  IF EXISTS (SELECT 1 FROM payment p LEFT JOIN user_account u ON u.person_id = p.person_id
              WHERE p.batch_id = NEW.id AND NEW.approved_by IN (p.person_id, u.id)) THEN
    RAISE EXCEPTION 'batch: nobody approves a payment to themselves' USING ERRCODE = '23514';
  END IF;
  IF EXISTS (SELECT 1 FROM payment p JOIN allocation a ON a.payment_id = p.id JOIN payable y ON y.id = a.payable_id
               JOIN delivery d ON d.id = y.delivery_id
              WHERE p.batch_id = NEW.id AND d.accepted_by = NEW.approved_by) THEN
    RAISE EXCEPTION 'batch: nobody approves paying what they accepted' USING ERRCODE = '23514';
  END IF;
  RETURN NEW;
END $$
--;
CREATE TRIGGER batch_not_own_money BEFORE UPDATE OF approved_by ON payment_batch FOR EACH ROW EXECUTE FUNCTION batch_not_own_money()
--;
CREATE FUNCTION payable_frozen() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF (NEW.id, NEW.amount, NEW.gross, NEW.withheld, NEW.currency, NEW.person_id, NEW.delivery_id, NEW.task_id, NEW.instance_id, NEW.component, NEW.part, NEW.entry_id)
     IS DISTINCT FROM (OLD.id, OLD.amount, OLD.gross, OLD.withheld, OLD.currency, OLD.person_id, OLD.delivery_id, OLD.task_id, OLD.instance_id, OLD.component, OLD.part, OLD.entry_id) THEN
    RAISE EXCEPTION 'payable: is never edited' USING ERRCODE = '23514';
  END IF;
  RETURN NEW;
END $$
--;
CREATE TRIGGER payable_frozen BEFORE UPDATE ON payable FOR EACH ROW EXECUTE FUNCTION payable_frozen()
--;
CREATE FUNCTION service_version_frozen() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF (NEW.bpmn, NEW.digest, NEW.version, NEW.service_code)
     IS DISTINCT FROM (OLD.bpmn, OLD.digest, OLD.version, OLD.service_code) THEN
    RAISE EXCEPTION 'service version: is published and never changes' USING ERRCODE = '23514';
  END IF;
  RETURN NEW;
END $$
--;
CREATE TRIGGER service_version_frozen BEFORE UPDATE ON service_version FOR EACH ROW EXECUTE FUNCTION service_version_frozen()
--;
CREATE FUNCTION quote_frozen() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF (NEW.snapshot, NEW.digest, NEW.fund_minor, NEW.charged_minor, NEW.currency, NEW.instances)
     IS DISTINCT FROM (OLD.snapshot, OLD.digest, OLD.fund_minor, OLD.charged_minor, OLD.currency, OLD.instances)
     OR (OLD.accepted_by IS NOT NULL AND NEW.accepted_by IS DISTINCT FROM OLD.accepted_by) THEN
    RAISE EXCEPTION 'quote: is never edited' USING ERRCODE = '23514';
  END IF;
  RETURN NEW;
END $$
--;
CREATE TRIGGER quote_frozen BEFORE UPDATE ON quote FOR EACH ROW EXECUTE FUNCTION quote_frozen()
--;
CREATE FUNCTION submission_frozen() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF (NEW.xml_sha256, NEW.task_id, NEW.submitted_by, NEW.received_at)
     IS DISTINCT FROM (OLD.xml_sha256, OLD.task_id, OLD.submitted_by, OLD.received_at) THEN
    RAISE EXCEPTION 'submission: is kept as it was received' USING ERRCODE = '23514';
  END IF;
  RETURN NEW;
END $$
--;
CREATE TRIGGER submission_frozen BEFORE UPDATE ON submission FOR EACH ROW EXECUTE FUNCTION submission_frozen()
--;
-- accepted_by and by name an account, person_id the register's entry of who did the work: the account knows both
CREATE FUNCTION delivery_not_own_work() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF EXISTS (SELECT 1 FROM user_account u WHERE u.id IN (NEW.accepted_by, NEW.second_checked_by)
                AND u.person_id = NEW.person_id) THEN
    RAISE EXCEPTION 'delivery: nobody reviews their own work' USING ERRCODE = '23514';
  END IF;
  RETURN NEW;
END $$
--;
CREATE TRIGGER delivery_not_own_work BEFORE UPDATE ON delivery FOR EACH ROW EXECUTE FUNCTION delivery_not_own_work()
--;
CREATE FUNCTION review_not_own_work() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF EXISTS (SELECT 1 FROM delivery d LEFT JOIN user_account u ON u.person_id = d.person_id
              WHERE d.id = NEW.delivery_id AND NEW."by" IN (d.person_id, u.id)) THEN
    RAISE EXCEPTION 'review: nobody reviews their own work' USING ERRCODE = '23514';
  END IF;
  RETURN NEW;
END $$
--;
CREATE TRIGGER review_not_own_work BEFORE INSERT ON review FOR EACH ROW EXECUTE FUNCTION review_not_own_work()
--;
CREATE FUNCTION delivery_final() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF OLD.state = 'accepted' THEN
    RAISE EXCEPTION 'delivery: is accepted, and that is final' USING ERRCODE = '23514';
  END IF;
  RETURN NEW;
END $$
--;
CREATE TRIGGER delivery_final BEFORE UPDATE ON delivery FOR EACH ROW EXECUTE FUNCTION delivery_final()
--;
CREATE FUNCTION append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  RAISE EXCEPTION '%: is append-only', TG_TABLE_NAME USING ERRCODE = '23514';
END $$
--;
CREATE TRIGGER ledger_entry_append_only BEFORE UPDATE OR DELETE ON ledger_entry FOR EACH ROW EXECUTE FUNCTION append_only()
--;
CREATE TRIGGER ledger_entry_no_truncate BEFORE TRUNCATE ON ledger_entry FOR EACH STATEMENT EXECUTE FUNCTION append_only()
--;
CREATE TRIGGER ledger_seal_append_only BEFORE UPDATE OR DELETE ON ledger_seal FOR EACH ROW EXECUTE FUNCTION append_only()
--;
CREATE TRIGGER ledger_seal_no_truncate BEFORE TRUNCATE ON ledger_seal FOR EACH STATEMENT EXECUTE FUNCTION append_only()
--;
CREATE TRIGGER ledger_posting_append_only BEFORE UPDATE OR DELETE ON ledger_posting FOR EACH ROW EXECUTE FUNCTION append_only()
--;
CREATE TRIGGER ledger_posting_no_truncate BEFORE TRUNCATE ON ledger_posting FOR EACH STATEMENT EXECUTE FUNCTION append_only()
--;
CREATE TRIGGER allocation_append_only BEFORE UPDATE OR DELETE ON allocation FOR EACH ROW EXECUTE FUNCTION append_only()
--;
CREATE TRIGGER allocation_no_truncate BEFORE TRUNCATE ON allocation FOR EACH STATEMENT EXECUTE FUNCTION append_only()
--;
CREATE TRIGGER bank_file_append_only BEFORE UPDATE OR DELETE ON bank_file FOR EACH ROW EXECUTE FUNCTION append_only()
--;
CREATE TRIGGER bank_file_no_truncate BEFORE TRUNCATE ON bank_file FOR EACH STATEMENT EXECUTE FUNCTION append_only()
--;
CREATE TRIGGER bank_entry_append_only BEFORE UPDATE OR DELETE ON bank_entry FOR EACH ROW EXECUTE FUNCTION append_only()
--;
CREATE TRIGGER bank_entry_no_truncate BEFORE TRUNCATE ON bank_entry FOR EACH STATEMENT EXECUTE FUNCTION append_only()
--;
CREATE TRIGGER review_append_only BEFORE UPDATE OR DELETE ON review FOR EACH ROW EXECUTE FUNCTION append_only()
--;
CREATE TRIGGER review_no_truncate BEFORE TRUNCATE ON review FOR EACH STATEMENT EXECUTE FUNCTION append_only()
--;
CREATE TRIGGER journal_append_only BEFORE UPDATE OR DELETE ON journal FOR EACH ROW EXECUTE FUNCTION append_only()
--;
CREATE TRIGGER journal_no_truncate BEFORE TRUNCATE ON journal FOR EACH STATEMENT EXECUTE FUNCTION append_only()
--;
CREATE TRIGGER journal_block_append_only BEFORE UPDATE OR DELETE ON journal_block FOR EACH ROW EXECUTE FUNCTION append_only()
--;
CREATE TRIGGER journal_block_no_truncate BEFORE TRUNCATE ON journal_block FOR EACH STATEMENT EXECUTE FUNCTION append_only()
--;
CREATE TRIGGER payee_account_append_only BEFORE UPDATE OR DELETE ON payee_account FOR EACH ROW EXECUTE FUNCTION append_only()
--;
CREATE TRIGGER payee_account_no_truncate BEFORE TRUNCATE ON payee_account FOR EACH STATEMENT EXECUTE FUNCTION append_only()
--;
CREATE TRIGGER service_form_append_only BEFORE UPDATE OR DELETE ON service_form FOR EACH ROW EXECUTE FUNCTION append_only()
--;
CREATE TRIGGER service_form_no_truncate BEFORE TRUNCATE ON service_form FOR EACH STATEMENT EXECUTE FUNCTION append_only()
--;
CREATE TRIGGER submission_file_append_only BEFORE UPDATE OR DELETE ON submission_file FOR EACH ROW EXECUTE FUNCTION append_only()
--;
CREATE TRIGGER submission_file_no_truncate BEFORE TRUNCATE ON submission_file FOR EACH STATEMENT EXECUTE FUNCTION append_only()
--;
CREATE TRIGGER price_append_only BEFORE UPDATE OR DELETE ON price FOR EACH ROW EXECUTE FUNCTION append_only()
--;
CREATE TRIGGER price_no_truncate BEFORE TRUNCATE ON price FOR EACH STATEMENT EXECUTE FUNCTION append_only()
--;
CREATE TRIGGER payable_no_delete BEFORE DELETE ON payable FOR EACH ROW EXECUTE FUNCTION append_only()
--;
CREATE TRIGGER payable_no_truncate BEFORE TRUNCATE ON payable FOR EACH STATEMENT EXECUTE FUNCTION append_only()
--;
CREATE TRIGGER payment_no_delete BEFORE DELETE ON payment FOR EACH ROW EXECUTE FUNCTION append_only()
--;
CREATE TRIGGER payment_no_truncate BEFORE TRUNCATE ON payment FOR EACH STATEMENT EXECUTE FUNCTION append_only()
--;
CREATE TRIGGER payment_batch_no_delete BEFORE DELETE ON payment_batch FOR EACH ROW EXECUTE FUNCTION append_only()
--;
CREATE TRIGGER payment_batch_no_truncate BEFORE TRUNCATE ON payment_batch FOR EACH STATEMENT EXECUTE FUNCTION append_only()
--;
CREATE TRIGGER ledger_account_no_delete BEFORE DELETE ON ledger_account FOR EACH ROW EXECUTE FUNCTION append_only()
--;
CREATE TRIGGER ledger_account_no_truncate BEFORE TRUNCATE ON ledger_account FOR EACH STATEMENT EXECUTE FUNCTION append_only()
--;
CREATE TRIGGER ledger_head_no_delete BEFORE DELETE ON ledger_head FOR EACH ROW EXECUTE FUNCTION append_only()
--;
CREATE TRIGGER ledger_head_no_truncate BEFORE TRUNCATE ON ledger_head FOR EACH STATEMENT EXECUTE FUNCTION append_only()
--;
CREATE TRIGGER service_version_no_delete BEFORE DELETE ON service_version FOR EACH ROW EXECUTE FUNCTION append_only()
--;
CREATE TRIGGER service_version_no_truncate BEFORE TRUNCATE ON service_version FOR EACH STATEMENT EXECUTE FUNCTION append_only()
--;
CREATE TRIGGER quote_no_delete BEFORE DELETE ON quote FOR EACH ROW EXECUTE FUNCTION append_only()
--;
CREATE TRIGGER quote_no_truncate BEFORE TRUNCATE ON quote FOR EACH STATEMENT EXECUTE FUNCTION append_only()
--;
CREATE TRIGGER submission_no_delete BEFORE DELETE ON submission FOR EACH ROW EXECUTE FUNCTION append_only()
--;
CREATE TRIGGER submission_no_truncate BEFORE TRUNCATE ON submission FOR EACH STATEMENT EXECUTE FUNCTION append_only()
--;
CREATE TRIGGER delivery_no_delete BEFORE DELETE ON delivery FOR EACH ROW EXECUTE FUNCTION append_only()
--;
CREATE TRIGGER delivery_no_truncate BEFORE TRUNCATE ON delivery FOR EACH STATEMENT EXECUTE FUNCTION append_only()
