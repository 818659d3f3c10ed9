"""The content-addressed store of evidence and payment files."""
