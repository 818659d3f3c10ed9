"""API of price_lists."""

from __future__ import annotations

from flask_smorest import Blueprint

api = Blueprint("price_lists_api", __name__, description="price_lists")
