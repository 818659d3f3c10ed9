"""Pages of deliveries."""

from __future__ import annotations

from flask import Blueprint

pages = Blueprint("deliveries", __name__)
