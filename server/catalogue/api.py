"""API of catalogue."""

from __future__ import annotations

from flask_smorest import Blueprint

api = Blueprint("catalogue_api", __name__, description="catalogue")
