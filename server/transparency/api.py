"""API of transparency."""

from __future__ import annotations

from flask_smorest import Blueprint

api = Blueprint("transparency_api", __name__, description="transparency")
