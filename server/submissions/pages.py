"""Pages of submissions."""

from __future__ import annotations

from flask import Blueprint

pages = Blueprint("submissions", __name__)
