-- What the bank said and what a person decided about it is kept as it was.
CREATE TRIGGER bank_statement_no_update BEFORE UPDATE ON bank_statement BEGIN
  SELECT RAISE(ABORT, 'bank_statement: is append-only');
END
--;
CREATE TRIGGER bank_statement_no_delete BEFORE DELETE ON bank_statement BEGIN
  SELECT RAISE(ABORT, 'bank_statement: is append-only');
END
--;
CREATE TRIGGER bank_statement_line_no_update BEFORE UPDATE ON bank_statement_line BEGIN
  SELECT RAISE(ABORT, 'bank_statement_line: is append-only');
END
--;
CREATE TRIGGER bank_statement_line_no_delete BEFORE DELETE ON bank_statement_line BEGIN
  SELECT RAISE(ABORT, 'bank_statement_line: is append-only');
END
--;
CREATE TRIGGER bank_decision_no_update BEFORE UPDATE ON bank_decision BEGIN
  SELECT RAISE(ABORT, 'bank_decision: is append-only');
END
--;
CREATE TRIGGER bank_decision_no_delete BEFORE DELETE ON bank_decision BEGIN
  SELECT RAISE(ABORT, 'bank_decision: is append-only');
END
