"""The double-entry ledger and what is owed."""
