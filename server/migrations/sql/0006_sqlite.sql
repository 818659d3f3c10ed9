-- Advances, claims, several approvers, checked accounts: what the database refuses, on SQLite. Frozen with 0006.
CREATE TRIGGER ledger_seal_reversal BEFORE INSERT ON ledger_seal
WHEN (SELECT reverses_id FROM ledger_entry WHERE id = NEW.entry_id) IS NOT NULL BEGIN
  SELECT RAISE(ABORT, 'ledger: a reversal is not reversed')
   WHERE EXISTS (SELECT 1 FROM ledger_entry e JOIN ledger_entry r ON r.id = e.reverses_id
                  WHERE e.id = NEW.entry_id AND r.reverses_id IS NOT NULL);
  SELECT RAISE(ABORT, 'ledger: a reversal takes every line back')
   WHERE EXISTS (SELECT 1 FROM ledger_posting WHERE entry_id IN
                   (NEW.entry_id, (SELECT reverses_id FROM ledger_entry WHERE id = NEW.entry_id))
                  GROUP BY account_id HAVING sum(amount) <> 0);
END
--;
CREATE TRIGGER claim_born BEFORE INSERT ON claim WHEN NEW.state <> 'proposed' OR NEW.recovered <> 0 BEGIN
  SELECT RAISE(ABORT, 'claim: begins as proposed');
END
--;
CREATE TRIGGER claim_step BEFORE UPDATE ON claim BEGIN
  SELECT RAISE(ABORT, 'claim: is never edited')
   WHERE NEW.id <> OLD.id OR NEW.person_id <> OLD.person_id OR NEW.kind <> OLD.kind OR NEW.currency <> OLD.currency
      OR NEW.amount <> OLD.amount OR NEW.share <> OLD.share OR NEW.reason <> OLD.reason OR NEW.region_code <> OLD.region_code
      OR NEW.payable_id IS NOT OLD.payable_id OR NEW.project_id IS NOT OLD.project_id OR NEW.fund <> OLD.fund
      OR NEW.proposed_by <> OLD.proposed_by OR NEW.proposed_at <> OLD.proposed_at
      OR (OLD.state <> 'proposed' AND (NEW.state <> OLD.state OR NEW.decided_by IS NOT OLD.decided_by
          OR NEW.decided_at IS NOT OLD.decided_at OR NEW.entry_id IS NOT OLD.entry_id));
  SELECT RAISE(ABORT, 'claim: is not approved') WHERE OLD.state <> 'approved' AND NEW.recovered <> OLD.recovered;
  SELECT RAISE(ABORT, 'claim: nobody decides about their own debt')
   WHERE EXISTS (SELECT 1 FROM user_account u WHERE u.person_id = NEW.person_id AND u.id = NEW.decided_by);
END
--;
CREATE TRIGGER recovery_born BEFORE INSERT ON recovery BEGIN
  SELECT RAISE(ABORT, 'recovery: begins as planned') WHERE NEW.state <> 'planned';
  SELECT RAISE(ABORT, 'recovery: payee or currency differ')
   WHERE NOT EXISTS (SELECT 1 FROM claim c, payable y WHERE c.id = NEW.claim_id AND y.id = NEW.payable_id
                        AND c.person_id = y.person_id AND c.currency = y.currency);
END
--;
CREATE TRIGGER recovery_step BEFORE UPDATE ON recovery BEGIN
  SELECT RAISE(ABORT, 'recovery: is never edited')
   WHERE OLD.state <> 'planned' OR NEW.id <> OLD.id OR NEW.claim_id <> OLD.claim_id OR NEW.payable_id <> OLD.payable_id
      OR NEW.amount <> OLD.amount OR NEW.planned_by <> OLD.planned_by OR NEW.planned_at <> OLD.planned_at;
  SELECT RAISE(ABORT, 'recovery: more than the share that was agreed')
   WHERE NEW.state = 'posted' AND NOT EXISTS (SELECT 1 FROM claim c, payable y WHERE c.id = NEW.claim_id AND y.id = NEW.payable_id AND
         (NEW.amount + (SELECT coalesce(sum(r.amount), 0) FROM recovery r WHERE r.claim_id = c.id
                           AND r.payable_id = y.id AND r.state = 'posted')) * 10000 <= c.share * y.amount);
END
--;
CREATE TRIGGER recovery_posted AFTER UPDATE OF state ON recovery WHEN NEW.state = 'posted' AND OLD.state <> 'posted' BEGIN
  UPDATE claim SET recovered = recovered + NEW.amount WHERE id = NEW.claim_id;
  UPDATE payable SET allocated = allocated + NEW.amount, settled = settled + NEW.amount WHERE id = NEW.payable_id;
END
--;
CREATE TRIGGER payee_account_check_other BEFORE INSERT ON payee_account_check
WHEN EXISTS (SELECT 1 FROM payee_account a LEFT JOIN user_account u ON u.person_id = a.person_id
              WHERE a.id = NEW.payee_account_id AND NEW.checked_by IN (a.created_by, u.id)) BEGIN
  SELECT RAISE(ABORT, 'payee account: somebody else checks it');
END
--;
CREATE TRIGGER payment_account_checked BEFORE INSERT ON payment
WHEN NOT EXISTS (SELECT 1 FROM payee_account_check k WHERE k.payee_account_id = NEW.payee_account_id AND k.verdict = 'confirmed')
 AND (EXISTS (SELECT 1 FROM payee_account_check k WHERE k.payee_account_id = NEW.payee_account_id)
  OR EXISTS (SELECT 1 FROM person p WHERE p.id = NEW.person_id AND p.kind = 'organisation')
  OR EXISTS (SELECT 1 FROM payee_account a JOIN payee_account b ON b.person_id = a.person_id AND b.id < a.id
              WHERE a.id = NEW.payee_account_id AND b.identifier <> a.identifier)) BEGIN
  SELECT RAISE(ABORT, 'payment: the account was changed and nobody has checked it');
END
--;
CREATE TRIGGER batch_approval_other BEFORE INSERT ON batch_approval BEGIN
  SELECT RAISE(ABORT, 'batch approval: is of another content')
   WHERE NOT EXISTS (SELECT 1 FROM payment_batch b WHERE b.id = NEW.batch_id AND b.state = 'submitted'
                        AND b.content_sha256 = NEW.content_sha256);
  SELECT RAISE(ABORT, 'batch approval: nobody approves their own batch')
   WHERE EXISTS (SELECT 1 FROM payment_batch b WHERE b.id = NEW.batch_id AND b.prepared_by = NEW.approved_by);
  SELECT RAISE(ABORT, 'batch approval: nobody approves a payment to themselves')
   WHERE EXISTS (SELECT 1 FROM payment p LEFT JOIN user_account u ON u.person_id = p.person_id
                  WHERE p.batch_id = NEW.batch_id AND NEW.approved_by IN (p.person_id, u.id));
  SELECT RAISE(ABORT, 'batch approval: nobody approves paying what they accepted')
   WHERE EXISTS (SELECT 1 FROM payment p JOIN allocation a ON a.payment_id = p.id JOIN payable y ON y.id = a.payable_id
                   JOIN delivery d ON d.id = y.delivery_id
                  WHERE p.batch_id = NEW.batch_id AND d.accepted_by = NEW.approved_by);
END
--;
CREATE TRIGGER batch_approved_by_enough BEFORE UPDATE ON payment_batch BEGIN
  SELECT RAISE(ABORT, 'batch: not enough people have approved')
   WHERE NEW.state = 'approved' AND OLD.state <> 'approved' AND NEW.approved_by IS NOT NULL AND
     ((SELECT count(*) FROM batch_approval a WHERE a.batch_id = NEW.id AND a.content_sha256 = NEW.content_sha256)
        < length(NEW.approval_roles) - length(replace(NEW.approval_roles, ',', '')) + 1
      OR NOT EXISTS (SELECT 1 FROM batch_approval a WHERE a.batch_id = NEW.id AND a.approved_by = NEW.approved_by
                        AND a.content_sha256 = NEW.content_sha256));
  SELECT RAISE(ABORT, 'batch: the number of approvers is frozen')
   WHERE OLD.state <> 'draft' AND NEW.approval_roles <> OLD.approval_roles;
  SELECT RAISE(ABORT, 'batch: the cover sheet is frozen')
   WHERE OLD.cover_sha256 IS NOT NULL AND (NEW.cover_sha256 IS NOT OLD.cover_sha256 OR NEW.signers IS NOT OLD.signers);
END
--;
CREATE TRIGGER approval_policy_born BEFORE INSERT ON approval_policy WHEN NEW.approved_by IS NOT NULL BEGIN
  SELECT RAISE(ABORT, 'approval policy: begins as a proposal');
END
--;
CREATE TRIGGER approval_policy_step BEFORE UPDATE ON approval_policy
WHEN OLD.approved_by IS NOT NULL OR NEW.id <> OLD.id OR NEW.currency <> OLD.currency OR NEW.fund <> OLD.fund
  OR NEW.valid_from <> OLD.valid_from OR NEW.steps <> OLD.steps OR NEW.note <> OLD.note
  OR NEW.proposed_by <> OLD.proposed_by OR NEW.proposed_at <> OLD.proposed_at BEGIN
  SELECT RAISE(ABORT, 'approval policy: is never edited');
END
--;
CREATE TRIGGER payable_origin_frozen BEFORE UPDATE ON payable
WHEN NEW.region_code IS NOT OLD.region_code OR NEW.cause IS NOT OLD.cause OR NEW.delivery_id IS NOT OLD.delivery_id
  OR NEW.instance_id IS NOT OLD.instance_id OR NEW.task_id IS NOT OLD.task_id BEGIN
  SELECT RAISE(ABORT, 'payable: is never edited');
END
--;
CREATE TRIGGER batch_approval_no_update BEFORE UPDATE ON batch_approval BEGIN
  SELECT RAISE(ABORT, 'batch_approval: is append-only');
END
--;
CREATE TRIGGER batch_approval_no_delete BEFORE DELETE ON batch_approval BEGIN
  SELECT RAISE(ABORT, 'batch_approval: is append-only');
END
--;
CREATE TRIGGER payee_account_check_no_update BEFORE UPDATE ON payee_account_check BEGIN
  SELECT RAISE(ABORT, 'payee_account_check: is append-only');
END
--;
CREATE TRIGGER payee_account_check_no_delete BEFORE DELETE ON payee_account_check BEGIN
  SELECT RAISE(ABORT, 'payee_account_check: is append-only');
END
--;
CREATE TRIGGER claim_no_delete BEFORE DELETE ON claim BEGIN
  SELECT RAISE(ABORT, 'claim: is never deleted');
END
--;
CREATE TRIGGER recovery_no_delete BEFORE DELETE ON recovery BEGIN
  SELECT RAISE(ABORT, 'recovery: is never deleted');
END
--;
CREATE TRIGGER approval_policy_no_delete BEFORE DELETE ON approval_policy BEGIN
  SELECT RAISE(ABORT, 'approval_policy: is never deleted');
END
