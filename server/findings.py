"""What `franchise verify` finds: each checker of a feature yields findings; none means all is well."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """Something is not what it should be. code: stable name; place: where; detail: what, in plain English."""

    code: str
    place: str
    detail: str
