"""Payment batches and what the bank answered."""
