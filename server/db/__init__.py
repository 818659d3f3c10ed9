"""The database: one way of opening, naming and migrating it."""
