"""The register of facilitators and where they are paid."""
