"""API of deliveries."""

from __future__ import annotations

from flask_smorest import Blueprint

api = Blueprint("deliveries_api", __name__, description="deliveries")
