-- What the bank said and what a person decided about it is kept as it was.
CREATE TRIGGER bank_statement_append_only BEFORE UPDATE OR DELETE ON bank_statement FOR EACH ROW EXECUTE FUNCTION append_only()
--;
CREATE TRIGGER bank_statement_no_truncate BEFORE TRUNCATE ON bank_statement FOR EACH STATEMENT EXECUTE FUNCTION append_only()
--;
CREATE TRIGGER bank_statement_line_append_only BEFORE UPDATE OR DELETE ON bank_statement_line FOR EACH ROW EXECUTE FUNCTION append_only()
--;
CREATE TRIGGER bank_statement_line_no_truncate BEFORE TRUNCATE ON bank_statement_line FOR EACH STATEMENT EXECUTE FUNCTION append_only()
--;
CREATE TRIGGER bank_decision_append_only BEFORE UPDATE OR DELETE ON bank_decision FOR EACH ROW EXECUTE FUNCTION append_only()
--;
CREATE TRIGGER bank_decision_no_truncate BEFORE TRUNCATE ON bank_decision FOR EACH STATEMENT EXECUTE FUNCTION append_only()
