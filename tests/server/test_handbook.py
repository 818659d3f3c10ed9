"""The handbook as PDF: what is in it, in which language, and always the same bytes."""

import re
import zlib
from base64 import a85decode
from datetime import UTC, datetime, timedelta

import pytest

from server.documents.diagram_svg import diagram_svg
from server.documents.drawing_pdf import _arc
from server.documents.handbook import _Handbook, handbook, written
from server.drafts.contents import surplus
from service_library import library

PACKAGE = library.load("village_meeting", "1.0.0")


def made(package=PACKAGE, locale="en", **given):
    return handbook(package, locale=locale, skills={}, items={}, **{"state": "published", **given})


def pages(content):
    return len(re.findall(rb"/Type /Page\b", content))


@pytest.mark.parametrize("locale", ["en", "fr", "es", "xx"])
@pytest.mark.parametrize(
    ("code", "version"), [(c, v) for c, versions in library.available() for v in versions]
)
def test_every_service_has_a_handbook_in_every_language(code, version, locale):
    package = library.load(code, version)
    content = made(package, locale)
    assert content.startswith(b"%PDF-")
    assert pages(content) > len(package.definition.tasks())
    assert content == made(package, locale), "the same package gives the same bytes"


def test_the_language_and_the_state_change_what_is_written():
    assert len({made(), made(locale="fr"), made(state="draft"), made(state="recalled")}) == 4


def test_a_formula_is_told_by_what_it_usually_gives():
    book = _Handbook(PACKAGE, "en", {}, {}, "published", "", {})
    assert book._quantity("2 * distance_km", "KMT") == "usually 50\xa0km"
    assert book._quantity("0.5", "KMT") == "0.5\xa0km"
    assert book._quantity("distance_km + unknown", "C62") == "distance_km + unknown"


def test_letters_that_the_font_lacks_are_spelled_with_others():
    made()  # registers the fonts
    assert written("Ŋ → ɛ, déjà vu") == "N -> e, déjà vu"
    assert written("井") == "?"
    assert all(written(text) for text in ("é", "“quoted”", "½ – …"))


def test_the_diagram_is_drawn_as_lines_not_as_a_picture():
    content = made()
    coded = re.findall(
        rb"/ASCII85Decode /FlateDecode \][^>]*>>\s*stream\r?\n(.*?)~>\s*endstream", content, re.DOTALL
    )
    streams = [zlib.decompress(a85decode(each)) for each in coded]
    drawn = b"".join(streams)
    assert drawn.count(b" c ") + drawn.count(b" c\n") > 20, "rounded boxes and circles are curves"
    assert b"/Subtype /Image" not in content
    assert diagram_svg(PACKAGE.bpmn, title="x")


def test_an_arc_ends_where_it_should():
    curves = list(_arc((6, 6.2), (5.99, 6.2), 2.9, 2.9, True, False))
    assert curves[-1][4:] == pytest.approx([5.99, 6.2])
    assert len(curves) == 4


# Thinning of revisions ---------------------------------------------------------------------------------


NOW = datetime(2026, 6, 17, 12, 0, tzinfo=UTC)


def test_old_revisions_are_thinned_and_those_that_matter_kept():
    ages = [timedelta(days=40, minutes=n) for n in (5, 0)] + [
        timedelta(hours=3, minutes=n) for n in (4, 2, 1)
    ]
    ages += [timedelta(minutes=n) for n in (50, 3, 2, 1)]
    revisions = [(n, NOW - age) for n, age in enumerate(ages, 1)]
    gone = surplus(revisions, kept={3, 9}, now=NOW)
    assert gone == [1, 4], "one a day, one in ten minutes, all of the last hour, and what was decided about"


def test_a_thousand_saves_of_a_day_leave_some_dozens():
    revisions = [(n, NOW - timedelta(seconds=80 * (1000 - n))) for n in range(1, 1001)]
    left = 1000 - len(surplus(revisions, kept={1, 1000}, now=NOW))
    assert 45 < left < 200
