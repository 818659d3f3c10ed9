"""API of projects."""

from __future__ import annotations

from flask_smorest import Blueprint

api = Blueprint("projects_api", __name__, description="projects")
