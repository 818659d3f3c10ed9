"""The start page of each role, and the first page a visitor sees."""

from __future__ import annotations

from flask import Blueprint

pages = Blueprint("start", __name__)
