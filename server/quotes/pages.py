"""Pages of quotes."""

from __future__ import annotations

from flask import Blueprint

pages = Blueprint("quotes", __name__)
