"""The ways money leaves the house: files for banks (ISO 20022) and for mobile-money companies, by profile."""
