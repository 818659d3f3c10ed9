"""What the demonstration's facilitators answer, and the pictures they take.

Everything comes from a seeded source of chance, so the same seed tells the same story.
"""

from __future__ import annotations

import io
import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from PIL import Image, ImageDraw

from forms.xform import Form

QUORUM = 40
_CROPS = ("maize", "yam", "sorghum", "cassava", "beans", "soybean", "groundnut", "cashew")
_HEADS = ("Bio", "Orou", "Sabi", "Yarou", "Tamou", "Seidou", "Kassa", "Imorou", "Guera", "Natta")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a village is; decimal degrees WGS 84."""

    latitude: Decimal
    longitude: Decimal


def answers(
    task: str, chance: random.Random, *, place: Place, today: date, households: int, quorum_fails: bool
) -> dict[str, Any]:
    """Plausible answers to the response form of a task of the community profile or the village meeting."""
    here = _near(place, chance)
    if task in _MEETING:
        return _meeting(task, chance, here=here, today=today, quorum_fails=quorum_fails)
    if task == "announce":
        return {
            "announced_on": today, "meeting_date": today + timedelta(days=4),
            "meeting_place": "Under the tree at the market", "announcements": chance.randint(2, 4),
            "languages": chance.sample(("yom", "lokpa", "dendi"), k=2), "gps": here,
        }  # fmt: skip
    if task == "hold_meeting":
        adults = chance.randint(18, QUORUM - 1) if quorum_fails else chance.randint(QUORUM, 160)
        return {
            "held_on": today, "present_adults": adults, "present_women": chance.randint(adults // 4, adults // 2),
            "decisions": "The village agrees to the survey and names two contact persons.", "gps": here,
        }  # fmt: skip
    if task == "survey":
        return {
            "household": [_household(chance, place) for _ in range(households)], "remarks": "",
        }  # fmt: skip
    if task == "enter_data":
        return {
            "records_entered": households, "values_checked": 120, "values_wrong": chance.randint(0, 2),
            "mean_size": Decimal(chance.randint(52, 88)) / 10, "population": chance.randint(280, 2400),
            "land_total_ha": Decimal(chance.randint(900, 6200)) / 10,
        }  # fmt: skip
    if task == "write_profile":
        return {
            "pages": chance.randint(4, 9),
            "summary": "A village of farmers. Maize and yam. Water is far. Two groups save together. They plant.",
            "anonymous": "yes",
        }  # fmt: skip
    listeners = chance.randint(25, 140)
    return {
        "read_on": today, "listeners": listeners, "listeners_women": chance.randint(listeners // 4, listeners // 2),
        "profile_accepted": "yes", "corrections": "None.", "copies_left": 3, "gps": here,
    }  # fmt: skip


_MEETING = frozenset({"prepare", "invite", "hold", "interpret", "report"})


def _meeting(
    task: str, chance: random.Random, *, here: dict[str, Decimal], today: date, quorum_fails: bool
) -> dict[str, Any]:
    """Answers to a task of the village meeting."""
    if task == "prepare":
        return {
            "visited_on": today, "meeting_date": today + timedelta(days=7), "meeting_place": "School yard",
            "agenda": "Whether the new well goes to the school or to the market.", "gps": here,
        }  # fmt: skip
    if task == "invite":
        return {
            "announced_on": today, "announcements": chance.randint(2, 4), "announced_languages": ["yom", "french"],
            "groups_informed": "yes",
        }  # fmt: skip
    if task == "hold":
        adults = chance.randint(15, QUORUM - 1) if quorum_fails else chance.randint(60, 160)
        return {"held_on": today, "present_adults": adults, "present_women": adults // 2, "gps": here}
    if task == "interpret":
        return {"interpreted_on": today, "interpreted_languages": ["yom"], "difficult_words": ""}
    return {
        "leader": [
            {
                "leader_consent": "yes", "leader_name": f"{name} A.", "leader_gender": gender,
                "leader_phone": "+2290197000999",
            }
            for name, gender in zip(chance.sample(_HEADS, k=2), ("woman", "man"), strict=True)
        ],
        "leaders_elected": 2, "decisions": "The well goes to the school.",
    }  # fmt: skip


def _near(place: Place, chance: random.Random) -> dict[str, Decimal]:
    """A point within some hundred metres of the village."""
    shift = [Decimal(chance.randint(-30, 30)) / 10_000 for _ in range(2)]
    return {
        "latitude": place.latitude + shift[0], "longitude": place.longitude + shift[1],
        "altitude": Decimal(chance.randint(330, 420)), "accuracy": Decimal(chance.randint(3, 12)),
    }  # fmt: skip


def _household(chance: random.Random, place: Place) -> dict[str, Any]:
    protected = chance.random() < 0.6
    source = chance.choice(
        ("borehole", "tap", "covered_well") if protected else ("open_well", "river", "pond")
    )
    return {
        "consent": "yes", "head_name": f"{chance.choice(_HEADS)} {chance.choice('ABDEGIKMNOSTYZ')}.",
        "gps": _near(place, chance), "size": chance.randint(2, 14),
        "land_ha": Decimal(chance.randint(0, 120)) / 10,
        "fields": chance.sample(_CROPS, k=chance.randint(1, 4)),
        "water_protected": "yes" if protected else "no", "water_source": source,
    }  # fmt: skip


def photo(text: str, chance: random.Random) -> bytes:
    """A small JPEG with a caption, different for each call: stands for a photo."""
    ground = tuple(chance.randint(90, 220) for _ in range(3))
    image = Image.new("RGB", (320, 240), ground)
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 150, 320, 240), fill=tuple(c // 2 for c in ground))
    for _ in range(12):
        x, height = chance.randint(5, 310), chance.randint(15, 45)
        shade = tuple(chance.randint(20, 120) for _ in range(3))
        draw.ellipse((x - 5, 145 - height, x + 5, 155 - height), fill=shade)
        draw.rectangle((x - 6, 155 - height, x + 6, 165), fill=shade)
    draw.text((8, 220), text, fill=(255, 255, 255))
    out = io.BytesIO()
    image.save(out, "JPEG", quality=60)
    return out.getvalue()


def with_pictures(
    form: Form, given: Mapping[str, Any], chance: random.Random, *, caption: str, prefix: str
) -> tuple[dict[str, Any], dict[str, bytes]]:
    """The answers with a picture for every required picture question, and the pictures by name."""
    filled, files = dict(given), {}
    for question in form.questions.values():
        if question.type == "image" and not question.repeat and form.binds[question.path].required:
            name = f"{prefix}-{question.name}.jpg"
            filled[question.name] = name
            files[name] = photo(f"{caption} - {question.name}", chance)
    return filled, files
