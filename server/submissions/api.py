"""API of submissions."""

from __future__ import annotations

from flask_smorest import Blueprint

api = Blueprint("submissions_api", __name__, description="submissions")
