"""Reading, normalising, linting and comparing definitions."""
