"""API of quotes."""

from __future__ import annotations

from flask_smorest import Blueprint

api = Blueprint("quotes_api", __name__, description="quotes")
