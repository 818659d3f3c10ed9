"""API of batches."""

from __future__ import annotations

from flask_smorest import Blueprint

api = Blueprint("batches_api", __name__, description="batches")
