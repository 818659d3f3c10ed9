-- What the database itself refuses, on SQLite. Frozen with migration 0001: later changes come as new files.
-- Statements are separated by lines of "--;".

-- An entry is sealed last. The seal checks the entry and applies it to the balances.
CREATE TRIGGER ledger_seal_check BEFORE INSERT ON ledger_seal BEGIN
  SELECT RAISE(ABORT, 'ledger: an entry needs two lines')
   WHERE (SELECT count(*) FROM ledger_posting WHERE entry_id = NEW.entry_id) < 2;
  SELECT RAISE(ABORT, 'ledger: an entry must balance in each book and currency')
   WHERE EXISTS (SELECT 1 FROM ledger_posting p JOIN ledger_account a ON a.id = p.account_id
                  WHERE p.entry_id = NEW.entry_id GROUP BY a.book, a.currency HAVING sum(p.amount) <> 0);
  SELECT RAISE(ABORT, 'ledger: the hash chain is broken')
   WHERE NOT EXISTS (SELECT 1 FROM ledger_head WHERE id = 1 AND seq = NEW.seq - 1 AND hash = NEW.previous_hash);
END
--;
CREATE TRIGGER ledger_seal_apply AFTER INSERT ON ledger_seal BEGIN
  UPDATE ledger_head SET seq = NEW.seq, hash = NEW.hash WHERE id = 1;
  UPDATE ledger_account
     SET balance = balance + (SELECT sum(amount) FROM ledger_posting p
                               WHERE p.entry_id = NEW.entry_id AND p.account_id = ledger_account.id)
   WHERE id IN (SELECT account_id FROM ledger_posting WHERE entry_id = NEW.entry_id);
END
--;
CREATE TRIGGER ledger_posting_sealed BEFORE INSERT ON ledger_posting
WHEN EXISTS (SELECT 1 FROM ledger_seal WHERE entry_id = NEW.entry_id) BEGIN
  SELECT RAISE(ABORT, 'ledger: the entry is sealed');
END
--;
CREATE TRIGGER ledger_account_frozen BEFORE UPDATE ON ledger_account
WHEN NEW.id <> OLD.id OR NEW.code <> OLD.code OR NEW.book <> OLD.book OR NEW.kind <> OLD.kind
  OR NEW.currency <> OLD.currency OR NEW.floor IS NOT OLD.floor OR NEW.ceiling IS NOT OLD.ceiling BEGIN
  SELECT RAISE(ABORT, 'ledger: an account keeps its kind and its bounds');
END
--;
CREATE TRIGGER allocation_apply AFTER INSERT ON allocation BEGIN
  SELECT RAISE(ABORT, 'allocation: the batch is not a draft')
   WHERE (SELECT b.state FROM payment p JOIN payment_batch b ON b.id = p.batch_id WHERE p.id = NEW.payment_id) <> 'draft';
  SELECT RAISE(ABORT, 'allocation: payee or currency differ')
   WHERE NOT EXISTS (SELECT 1 FROM payment p, payable y WHERE p.id = NEW.payment_id AND y.id = NEW.payable_id
                        AND p.person_id = y.person_id AND p.currency = y.currency);
  UPDATE payable SET allocated = allocated + NEW.amount WHERE id = NEW.payable_id;
END
--;
CREATE TRIGGER payment_in_draft BEFORE INSERT ON payment
WHEN (SELECT state FROM payment_batch WHERE id = NEW.batch_id) <> 'draft' BEGIN
  SELECT RAISE(ABORT, 'payment: the batch is not a draft');
END
--;
CREATE TRIGGER payment_born_draft BEFORE INSERT ON payment WHEN NEW.state <> 'draft' BEGIN
  SELECT RAISE(ABORT, 'payment: begins as a draft');
END
--;
CREATE TRIGGER payment_frozen BEFORE UPDATE ON payment BEGIN
  SELECT RAISE(ABORT, 'payment: is frozen')
   WHERE NEW.id <> OLD.id OR NEW.amount <> OLD.amount OR NEW.currency <> OLD.currency OR NEW.person_id <> OLD.person_id
      OR NEW.batch_id <> OLD.batch_id OR NEW.end_to_end_id <> OLD.end_to_end_id OR NEW.uetr <> OLD.uetr
      OR NEW.account_kind <> OLD.account_kind OR NEW.account_identifier <> OLD.account_identifier
      OR NEW.account_agent <> OLD.account_agent OR NEW.payee_name <> OLD.payee_name
      OR NEW.payee_account_id <> OLD.payee_account_id OR NEW.payee_country <> OLD.payee_country
      OR NEW.payee_town <> OLD.payee_town OR NEW.reference <> OLD.reference
      OR NEW.retries_id IS NOT OLD.retries_id;
  SELECT RAISE(ABORT, 'payment: this step is not possible')
   WHERE NEW.state <> OLD.state
     AND NOT EXISTS (SELECT 1 FROM payment_transition WHERE from_state = OLD.state AND to_state = NEW.state);
  SELECT RAISE(ABORT, 'payment: the allocations do not sum to the amount')
   WHERE NEW.state = 'in_transit' AND OLD.state <> 'in_transit'
     AND NEW.amount <> (SELECT coalesce(sum(amount), 0) FROM allocation WHERE payment_id = NEW.id);
END
--;
CREATE TRIGGER payment_applied AFTER UPDATE OF state ON payment WHEN NEW.state <> OLD.state BEGIN
  UPDATE payable SET settled = settled + (SELECT amount FROM allocation a WHERE a.payment_id = NEW.id AND a.payable_id = payable.id)
   WHERE NEW.state = 'settled' AND id IN (SELECT payable_id FROM allocation WHERE payment_id = NEW.id);
  UPDATE payable SET settled = settled - (SELECT amount FROM allocation a WHERE a.payment_id = NEW.id AND a.payable_id = payable.id)
   WHERE NEW.state = 'returned' AND id IN (SELECT payable_id FROM allocation WHERE payment_id = NEW.id);
  UPDATE payable SET allocated = allocated - (SELECT amount FROM allocation a WHERE a.payment_id = NEW.id AND a.payable_id = payable.id)
   WHERE NEW.state IN ('rejected', 'returned', 'cancelled') AND id IN (SELECT payable_id FROM allocation WHERE payment_id = NEW.id);
END
--;
CREATE TRIGGER batch_born_draft BEFORE INSERT ON payment_batch WHEN NEW.state <> 'draft' BEGIN
  SELECT RAISE(ABORT, 'batch: begins as a draft');
END
--;
CREATE TRIGGER batch_step BEFORE UPDATE ON payment_batch BEGIN
  SELECT RAISE(ABORT, 'batch: this step is not possible')
   WHERE NEW.state <> OLD.state
     AND NOT EXISTS (SELECT 1 FROM batch_transition WHERE from_state = OLD.state AND to_state = NEW.state);
  SELECT RAISE(ABORT, 'batch: the content is frozen')
   WHERE OLD.state <> 'draft' AND (NEW.content_sha256 IS NOT OLD.content_sha256 OR NEW.currency <> OLD.currency
      OR NEW.paying_account_id <> OLD.paying_account_id OR NEW.prepared_by <> OLD.prepared_by
      OR NEW.reference <> OLD.reference OR NEW.execution_date <> OLD.execution_date);
  SELECT RAISE(ABORT, 'batch: the approval is final')
   WHERE OLD.approved_by IS NOT NULL AND NEW.approved_by IS NOT OLD.approved_by;
  SELECT RAISE(ABORT, 'batch: the file is frozen')
   WHERE OLD.file_sha256 IS NOT NULL AND NEW.file_sha256 IS NOT OLD.file_sha256;
END
--;
CREATE TRIGGER batch_not_own_money BEFORE UPDATE OF approved_by ON payment_batch WHEN NEW.approved_by IS NOT NULL BEGIN
  SELECT RAISE(ABORT, 'batch: nobody approves a payment to themselves')
   WHERE EXISTS (SELECT 1 FROM payment p LEFT JOIN user_account u ON u.person_id = p.person_id
                  WHERE p.batch_id = NEW.id AND NEW.approved_by IN (p.person_id, u.id));
  SELECT RAISE(ABORT, 'batch: nobody approves paying what they accepted')
   WHERE EXISTS (SELECT 1 FROM payment p JOIN allocation a ON a.payment_id = p.id JOIN payable y ON y.id = a.payable_id
                   JOIN delivery d ON d.id = y.delivery_id
                  WHERE p.batch_id = NEW.id AND d.accepted_by = NEW.approved_by);
END
--;
CREATE TRIGGER payable_frozen BEFORE UPDATE ON payable
WHEN NEW.amount <> OLD.amount OR NEW.gross <> OLD.gross OR NEW.withheld <> OLD.withheld OR NEW.currency <> OLD.currency
  OR NEW.person_id <> OLD.person_id OR NEW.delivery_id <> OLD.delivery_id OR NEW.task_id <> OLD.task_id
  OR NEW.instance_id <> OLD.instance_id OR NEW.component <> OLD.component OR NEW.part <> OLD.part
  OR NEW.entry_id <> OLD.entry_id OR NEW.id <> OLD.id BEGIN
  SELECT RAISE(ABORT, 'payable: is never edited');
END
--;
CREATE TRIGGER service_version_frozen BEFORE UPDATE ON service_version
WHEN NEW.bpmn <> OLD.bpmn OR NEW.digest <> OLD.digest OR NEW.version <> OLD.version OR NEW.service_code <> OLD.service_code BEGIN
  SELECT RAISE(ABORT, 'service version: is published and never changes');
END
--;
CREATE TRIGGER quote_frozen BEFORE UPDATE ON quote
WHEN NEW.snapshot <> OLD.snapshot OR NEW.digest <> OLD.digest OR NEW.fund_minor <> OLD.fund_minor
  OR NEW.charged_minor <> OLD.charged_minor OR NEW.currency <> OLD.currency OR NEW.instances <> OLD.instances
  OR (OLD.accepted_by IS NOT NULL AND NEW.accepted_by IS NOT OLD.accepted_by) BEGIN
  SELECT RAISE(ABORT, 'quote: is never edited');
END
--;
CREATE TRIGGER submission_frozen BEFORE UPDATE ON submission
WHEN NEW.xml_sha256 <> OLD.xml_sha256 OR NEW.task_id <> OLD.task_id OR NEW.submitted_by <> OLD.submitted_by
  OR NEW.received_at <> OLD.received_at BEGIN
  SELECT RAISE(ABORT, 'submission: is kept as it was received');
END
--;
-- accepted_by and by name an account, person_id the register's entry of who did the work: the account knows both
CREATE TRIGGER delivery_not_own_work BEFORE UPDATE ON delivery
WHEN EXISTS (SELECT 1 FROM user_account u WHERE u.id IN (NEW.accepted_by, NEW.second_checked_by)
                AND u.person_id = NEW.person_id) BEGIN
  SELECT RAISE(ABORT, 'delivery: nobody reviews their own work');
END
--;
CREATE TRIGGER review_not_own_work BEFORE INSERT ON review
WHEN EXISTS (SELECT 1 FROM delivery d LEFT JOIN user_account u ON u.person_id = d.person_id
              WHERE d.id = NEW.delivery_id AND NEW."by" IN (d.person_id, u.id)) BEGIN
  SELECT RAISE(ABORT, 'review: nobody reviews their own work');
END
--;
CREATE TRIGGER delivery_final BEFORE UPDATE ON delivery WHEN OLD.state = 'accepted' BEGIN
  SELECT RAISE(ABORT, 'delivery: is accepted, and that is final');
END
--;
CREATE TRIGGER ledger_entry_no_update BEFORE UPDATE ON ledger_entry BEGIN
  SELECT RAISE(ABORT, 'ledger_entry: is append-only');
END
--;
CREATE TRIGGER ledger_entry_no_delete BEFORE DELETE ON ledger_entry BEGIN
  SELECT RAISE(ABORT, 'ledger_entry: is append-only');
END
--;
CREATE TRIGGER ledger_seal_no_update BEFORE UPDATE ON ledger_seal BEGIN
  SELECT RAISE(ABORT, 'ledger_seal: is append-only');
END
--;
CREATE TRIGGER ledger_seal_no_delete BEFORE DELETE ON ledger_seal BEGIN
  SELECT RAISE(ABORT, 'ledger_seal: is append-only');
END
--;
CREATE TRIGGER ledger_posting_no_update BEFORE UPDATE ON ledger_posting BEGIN
  SELECT RAISE(ABORT, 'ledger_posting: is append-only');
END
--;
CREATE TRIGGER ledger_posting_no_delete BEFORE DELETE ON ledger_posting BEGIN
  SELECT RAISE(ABORT, 'ledger_posting: is append-only');
END
--;
CREATE TRIGGER allocation_no_update BEFORE UPDATE ON allocation BEGIN
  SELECT RAISE(ABORT, 'allocation: is append-only');
END
--;
CREATE TRIGGER allocation_no_delete BEFORE DELETE ON allocation BEGIN
  SELECT RAISE(ABORT, 'allocation: is append-only');
END
--;
CREATE TRIGGER bank_file_no_update BEFORE UPDATE ON bank_file BEGIN
  SELECT RAISE(ABORT, 'bank_file: is append-only');
END
--;
CREATE TRIGGER bank_file_no_delete BEFORE DELETE ON bank_file BEGIN
  SELECT RAISE(ABORT, 'bank_file: is append-only');
END
--;
CREATE TRIGGER bank_entry_no_update BEFORE UPDATE ON bank_entry BEGIN
  SELECT RAISE(ABORT, 'bank_entry: is append-only');
END
--;
CREATE TRIGGER bank_entry_no_delete BEFORE DELETE ON bank_entry BEGIN
  SELECT RAISE(ABORT, 'bank_entry: is append-only');
END
--;
CREATE TRIGGER review_no_update BEFORE UPDATE ON review BEGIN
  SELECT RAISE(ABORT, 'review: is append-only');
END
--;
CREATE TRIGGER review_no_delete BEFORE DELETE ON review BEGIN
  SELECT RAISE(ABORT, 'review: is append-only');
END
--;
CREATE TRIGGER journal_no_update BEFORE UPDATE ON journal BEGIN
  SELECT RAISE(ABORT, 'journal: is append-only');
END
--;
CREATE TRIGGER journal_no_delete BEFORE DELETE ON journal BEGIN
  SELECT RAISE(ABORT, 'journal: is append-only');
END
--;
CREATE TRIGGER journal_block_no_update BEFORE UPDATE ON journal_block BEGIN
  SELECT RAISE(ABORT, 'journal_block: is append-only');
END
--;
CREATE TRIGGER journal_block_no_delete BEFORE DELETE ON journal_block BEGIN
  SELECT RAISE(ABORT, 'journal_block: is append-only');
END
--;
CREATE TRIGGER payee_account_no_update BEFORE UPDATE ON payee_account BEGIN
  SELECT RAISE(ABORT, 'payee_account: is append-only');
END
--;
CREATE TRIGGER payee_account_no_delete BEFORE DELETE ON payee_account BEGIN
  SELECT RAISE(ABORT, 'payee_account: is append-only');
END
--;
CREATE TRIGGER service_form_no_update BEFORE UPDATE ON service_form BEGIN
  SELECT RAISE(ABORT, 'service_form: is append-only');
END
--;
CREATE TRIGGER service_form_no_delete BEFORE DELETE ON service_form BEGIN
  SELECT RAISE(ABORT, 'service_form: is append-only');
END
--;
CREATE TRIGGER submission_file_no_update BEFORE UPDATE ON submission_file BEGIN
  SELECT RAISE(ABORT, 'submission_file: is append-only');
END
--;
CREATE TRIGGER submission_file_no_delete BEFORE DELETE ON submission_file BEGIN
  SELECT RAISE(ABORT, 'submission_file: is append-only');
END
--;
CREATE TRIGGER price_no_update BEFORE UPDATE ON price BEGIN
  SELECT RAISE(ABORT, 'price: is append-only');
END
--;
CREATE TRIGGER price_no_delete BEFORE DELETE ON price BEGIN
  SELECT RAISE(ABORT, 'price: is append-only');
END
--;
CREATE TRIGGER payable_no_delete BEFORE DELETE ON payable BEGIN
  SELECT RAISE(ABORT, 'payable: is never deleted');
END
--;
CREATE TRIGGER payment_no_delete BEFORE DELETE ON payment BEGIN
  SELECT RAISE(ABORT, 'payment: is never deleted');
END
--;
CREATE TRIGGER payment_batch_no_delete BEFORE DELETE ON payment_batch BEGIN
  SELECT RAISE(ABORT, 'payment_batch: is never deleted');
END
--;
CREATE TRIGGER ledger_account_no_delete BEFORE DELETE ON ledger_account BEGIN
  SELECT RAISE(ABORT, 'ledger_account: is never deleted');
END
--;
CREATE TRIGGER ledger_head_no_delete BEFORE DELETE ON ledger_head BEGIN
  SELECT RAISE(ABORT, 'ledger_head: is never deleted');
END
--;
CREATE TRIGGER service_version_no_delete BEFORE DELETE ON service_version BEGIN
  SELECT RAISE(ABORT, 'service_version: is never deleted');
END
--;
CREATE TRIGGER quote_no_delete BEFORE DELETE ON quote BEGIN
  SELECT RAISE(ABORT, 'quote: is never deleted');
END
--;
CREATE TRIGGER submission_no_delete BEFORE DELETE ON submission BEGIN
  SELECT RAISE(ABORT, 'submission: is never deleted');
END
--;
CREATE TRIGGER delivery_no_delete BEFORE DELETE ON delivery BEGIN
  SELECT RAISE(ABORT, 'delivery: is never deleted');
END
