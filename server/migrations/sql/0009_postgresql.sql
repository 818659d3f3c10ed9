-- A line is tied to a booking of its own account, currency, amount and sign that stands, or to a batch of its account.
-- PostgreSQL; frozen with 0009.

CREATE FUNCTION bank_decision_booked() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF NEW.ledger_entry_id IS NULL THEN RETURN NEW; END IF;
  IF NOT EXISTS (
     SELECT 1 FROM bank_entry b
       JOIN paying_account p ON p.id = b.paying_account_id
       JOIN ledger_entry e ON e.id = NEW.ledger_entry_id
       JOIN ledger_posting l ON l.entry_id = e.id
       JOIN ledger_account a ON a.id = l.account_id
      WHERE b.id = NEW.entry_id AND a.currency = p.currency AND l.amount = b.amount
        AND ((e.kind IN ('contribution','repayment','fee') AND a.code = 'bank:' || p.code)
             OR (e.kind = 'grant' AND a.kind = 'appropriation'))) THEN
    RAISE EXCEPTION 'bank_decision: the booking is not of this line' USING ERRCODE = '23514';
  END IF;
  IF EXISTS (SELECT 1 FROM ledger_entry WHERE reverses_id = NEW.ledger_entry_id) THEN
    RAISE EXCEPTION 'bank_decision: the booking was taken back' USING ERRCODE = '23514';
  END IF;
  RETURN NEW;
END $$
--;
CREATE TRIGGER bank_decision_booked BEFORE INSERT ON bank_decision FOR EACH ROW EXECUTE FUNCTION bank_decision_booked()
--;
CREATE FUNCTION bank_decision_batch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF NEW.batch_id IS NULL THEN RETURN NEW; END IF;
  IF NOT EXISTS (
     SELECT 1 FROM bank_entry b JOIN payment_batch t ON t.paying_account_id = b.paying_account_id
      WHERE b.id = NEW.entry_id AND t.id = NEW.batch_id AND b.amount < 0
        AND -b.amount <= (SELECT sum(amount) FROM payment
                           WHERE batch_id = t.id AND state IN ('in_transit','settled','returned'))) THEN
    RAISE EXCEPTION 'bank_decision: the batch is not of this line' USING ERRCODE = '23514';
  END IF;
  RETURN NEW;
END $$
--;
CREATE TRIGGER bank_decision_batch BEFORE INSERT ON bank_decision FOR EACH ROW EXECUTE FUNCTION bank_decision_batch()
