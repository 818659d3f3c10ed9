"""API of instances."""

from __future__ import annotations

from flask_smorest import Blueprint

api = Blueprint("instances_api", __name__, description="instances")
