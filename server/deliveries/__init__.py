"""What was handed over, how it was reviewed, and what it owes."""
