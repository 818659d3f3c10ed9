"""Texts of drafts: side by side, as PO files, and what a translation was made of."""
