"""Pages of instances."""

from __future__ import annotations

from flask import Blueprint

pages = Blueprint("instances", __name__)
