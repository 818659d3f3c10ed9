"""Pages of catalogue."""

from __future__ import annotations

from flask import Blueprint

pages = Blueprint("catalogue", __name__)
