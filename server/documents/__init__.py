"""Documents people print, hang up and pass on: a quote, a village's record, a comparison of two versions.

Each is one HTML file that needs nothing else: no script, no other file, no network. The same input gives the
same bytes.
"""

from __future__ import annotations

from server.documents.comparison import RegionPrices, compare_document
from server.documents.diagram_svg import diagram_svg
from server.documents.quote import quote_document
from server.documents.rendering import CONTENT_SECURITY_POLICY
from server.documents.village import village_document

__all__ = [
    "CONTENT_SECURITY_POLICY",
    "RegionPrices",
    "compare_document",
    "diagram_svg",
    "quote_document",
    "village_document",
]
