"""What happens after acceptance: ledger rules, tax, batches, rails, answers. Pure: no database, no clock."""
