"""The sample form: a village meeting with a household survey, in three languages."""

import datetime
from decimal import Decimal
from pathlib import Path

import pytest

from forms.fill import fill
from forms.xform import read
from forms.xlsform import build

NOW = datetime.datetime(2026, 11, 21, 9, 30, tzinfo=datetime.UTC)


@pytest.fixture(scope="session")
def source():
    return Path(__file__).with_name("village.md").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def built(source):
    return build(source, form_id="village", version="1.0.0", title="Village meeting")


@pytest.fixture(scope="session")
def form(built):
    return read(built.form.xform)


@pytest.fixture
def now():
    return NOW


@pytest.fixture
def answers():
    """A right answer to every question; 20 households."""
    households = [
        {
            "head": f"Head {number}",
            "age": 30 + number,
            "members": 4,
            "crop": "maize",
            "others": ["yam", "cashew"],
            "land": Decimal("1.5"),
            "trees": number,
            "agrees": "yes",
        }
        for number in range(20)
    ]
    return {
        "held_on": datetime.date(2026, 11, 20),
        "women": 25,
        "men": 17,
        "hall": "no",
        "no_hall": "under the tree",
        "department": "donga",
        "commune": "copargo",
        "languages": ["fr", "yo"],
        "phone": "0197000000",
        "area": Decimal("12.25"),
        "place": {
            "latitude": Decimal("9.84"),
            "longitude": Decimal("1.55"),
            "altitude": None,
            "accuracy": None,
        },
        "photo": "meeting.jpg",
        "households": 20,
        "household": households,
        "decision": [{"text": "Plant teak", "due": datetime.date(2027, 1, 15)}],
    }


@pytest.fixture
def submission(form, answers):
    """The XML of the right answers, changed by keyword."""

    def make(**changed):
        return fill(form, answers | changed, instance_id="uuid:0001", now=NOW)

    return make
