"""Pages of transparency."""

from __future__ import annotations

from flask import Blueprint

pages = Blueprint("transparency", __name__)
