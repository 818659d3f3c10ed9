"""Pages of price_lists."""

from __future__ import annotations

from flask import Blueprint

pages = Blueprint("price_lists", __name__)
