"""Reports of the ledger for finance, auditors and the people who are paid: pages, files, API."""
