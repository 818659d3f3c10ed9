"""The API's documentation page and the list of problems, made from the code itself."""

from __future__ import annotations

from flask import Blueprint

pages = Blueprint("docs", __name__)
