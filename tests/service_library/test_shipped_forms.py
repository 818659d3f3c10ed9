"""The shipped forms accept honest work and refuse what contradicts itself."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from forms import xform
from forms.check import Checked, check
from forms.fill import fill
from forms.prefill import prefill
from service_library.library import load

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
PLACE = {"latitude": Decimal("9.8431"), "longitude": Decimal("1.5512"), "accuracy": Decimal(8)}
Answers = dict[str, Any]

REQUESTER: Answers = {
    "requester": "A",
    "phone": "+229 01 97 00 00 00",
    "village": "B",
    "preferred_date": date(2026, 12, 1),
    "participants": 80,
    "data_consent": "yes",
}
HOUSEHOLD: Answers = {
    "consent": "yes",
    "head_name": "A",
    "gps": PLACE,
    "size": 6,
    "land_ha": Decimal("2.5"),
    "fields": ["maize", "yam"],
    "water_protected": "yes",
    "water_source": "borehole",
}
EVALUATION: Answers = {
    "delivered": "yes",
    "useful": "5",
    "conduct": "5",
    "on_time": "yes",
    "paid_extra": "no",
    "recommend": "yes",
}
MEETING: Answers = {
    "held_on": date(2026, 11, 20),
    "present_adults": 62,
    "present_women": 28,
    "meeting_photo": "a.jpg",
    "minutes_photo": "b.jpg",
    "gps": PLACE,
}
HONEST: dict[tuple[str, str], Answers] = {
    ("community_profile", "request"): REQUESTER | {"households": 20},
    ("community_profile", "announce"): {
        "announced_on": date(2026, 11, 10),
        "meeting_date": date(2026, 11, 13),
        "meeting_place": "School",
        "announcements": 2,
        "languages": ["yom", "french"],
        "notice_photo": "a.jpg",
        "gps": PLACE,
    },
    ("community_profile", "hold_meeting"): MEETING | {"decisions": "The survey may begin."},
    ("community_profile", "survey"): {"household": [HOUSEHOLD] * 20},
    ("community_profile", "enter_data"): {
        "records_entered": 20,
        "values_checked": 100,
        "values_wrong": 1,
        "mean_size": Decimal("6.2"),
        "population": 900,
        "land_total_ha": Decimal(410),
        "table_photo": "a.jpg",
    },
    ("community_profile", "write_profile"): {
        "pages": 4,
        "summary": "Five sentences.",
        "anonymous": "yes",
        "profile_photo": "a.jpg",
        "map_photo": "b.jpg",
    },
    ("community_profile", "read_back"): {
        "read_on": date(2026, 11, 20),
        "listeners": 50,
        "listeners_women": 25,
        "profile_accepted": "yes",
        "copies_left": 3,
        "meeting_photo": "a.jpg",
        "minutes_photo": "b.jpg",
        "gps": PLACE,
    },
    ("community_profile", "evaluation"): EVALUATION,
    ("village_meeting", "request"): REQUESTER | {"subject": "Trees", "languages": ["yom"]},
    ("village_meeting", "prepare"): {
        "visited_on": date(2026, 11, 10),
        "meeting_date": date(2026, 11, 15),
        "meeting_place": "School",
        "agenda": "Trees",
        "attestation_photo": "a.jpg",
        "gps": PLACE,
    },
    ("village_meeting", "invite"): {
        "announced_on": date(2026, 11, 11),
        "announcements": 2,
        "announced_languages": ["yom"],
        "groups_informed": "yes",
        "notice_photo": "a.jpg",
    },
    ("village_meeting", "hold"): MEETING,
    ("village_meeting", "interpret"): {
        "interpreted_on": date(2026, 11, 20),
        "interpreted_languages": ["yom"],
        "page_photo": "a.jpg",
    },
    ("village_meeting", "report"): {
        "leader": [
            {
                "leader_consent": "yes",
                "leader_name": "A",
                "leader_gender": "woman",
                "leader_phone": "97000000",
            },
            {
                "leader_consent": "yes",
                "leader_name": "B",
                "leader_gender": "man",
                "leader_phone": "0197000001",
            },
        ],
        "decisions": "Plant.",
        "board_photo": "a.jpg",
    },
    ("village_meeting", "evaluation"): EVALUATION,
}


def checked(
    code: str, ref: str, changes: Answers | None = None, *, version: str = "1.0.0", agreed: str = ""
) -> Checked:
    """What the server says to honest answers with these changes; agreed: households of the order."""
    source = load(code, version).forms[ref].xform
    defaults = {"households": agreed} if agreed else {}
    form = xform.read(prefill(source, defaults) if defaults else source)
    answers = HONEST[(code, ref)] | (changes or {})
    submission = fill(form, answers, instance_id="uuid:1", now=NOW)
    photos = {answer for answer in answers.values() if answer in ("a.jpg", "b.jpg")}
    return check(form, submission, photos, now=NOW, defaults=defaults)


def refused(found: Checked) -> set[str]:
    """Names of the questions that are wrong."""
    return {each.place.rpartition("/")[2] for each in found.problems}


def test_every_shipped_form_is_filled_here() -> None:
    shipped = {
        (code, ref) for code in ("community_profile", "village_meeting") for ref in load(code, "1.0.0").forms
    }
    assert set(HONEST) == shipped


@pytest.mark.parametrize(("code", "ref"), HONEST)
def test_honest_answers_are_accepted(code: str, ref: str) -> None:
    found = checked(code, ref)
    assert [each.as_json() for each in found.problems] == []
    assert found.missing_attachments == ()


@pytest.mark.parametrize(
    ("code", "ref", "changes", "wrong"),
    [
        ("community_profile", "request", {"households": 19}, "households"),
        ("community_profile", "request", {"data_consent": "no"}, "data_consent"),
        ("community_profile", "request", {"phone": "call me"}, "phone"),
        ("community_profile", "announce", {"meeting_date": date(2026, 11, 12)}, "meeting_date"),
        ("community_profile", "announce", {"announcements": 1}, "announcements"),
        ("community_profile", "hold_meeting", {"present_women": 63}, "present_women"),
        ("community_profile", "hold_meeting", {"gps": None}, "gps"),
        ("community_profile", "survey", {"household": [HOUSEHOLD] * 19}, "households_interviewed"),
        ("community_profile", "enter_data", {"values_wrong": 2}, "values_wrong"),
        ("community_profile", "write_profile", {"anonymous": "no"}, "anonymous"),
        ("community_profile", "read_back", {"copies_left": 2}, "copies_left"),
        ("community_profile", "evaluation", {"paid_extra": "yes"}, "extra_amount"),
        ("village_meeting", "prepare", {"meeting_date": date(2026, 11, 14)}, "meeting_date"),
        ("village_meeting", "invite", {"groups_informed": "no"}, "groups_informed"),
        ("village_meeting", "report", {"leader": []}, "leaders_elected"),
    ],
)
def test_what_contradicts_the_instructions_is_refused(
    code: str, ref: str, changes: Answers, wrong: str
) -> None:
    assert wrong in refused(checked(code, ref, changes))


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ({"consent": "no"}, "consent"),
        ({"size": 0}, "size"),
        ({"size": 61}, "size"),
        ({"gps": None}, "gps"),
        ({"fields": ["none", "maize"]}, "fields"),
        ({"water_protected": "no"}, "water_source"),
    ],
)
def test_a_household_that_cannot_be_is_refused(change: Answers, wrong: str) -> None:
    households = [HOUSEHOLD] * 19 + [HOUSEHOLD | change]
    assert wrong in refused(checked("community_profile", "survey", {"household": households}))


def test_the_new_version_asks_fifteen_households() -> None:
    assert (
        refused(checked("community_profile", "survey", {"household": [HOUSEHOLD] * 15}, version="1.1.0"))
        == set()
    )
    fewer = checked("community_profile", "survey", {"household": [HOUSEHOLD] * 14}, version="1.1.0")
    assert refused(fewer) == {"households_interviewed"}


def test_an_order_of_more_households_asks_for_all_of_them() -> None:
    ordered = {"household": [HOUSEHOLD] * 30}
    assert refused(checked("community_profile", "survey", ordered, agreed="30")) == set()
    assert refused(checked("community_profile", "survey", agreed="30")) == {"households_interviewed"}


def test_the_answers_of_the_meeting_decide_the_quorum() -> None:
    found = checked("community_profile", "hold_meeting")
    assert found.values["present_adults"] == 62
