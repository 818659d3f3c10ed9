"""Pages of batches."""

from __future__ import annotations

from flask import Blueprint

pages = Blueprint("batches", __name__)
