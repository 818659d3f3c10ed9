"""Identifiers: UUIDv7 (RFC 9562) for rows, UUIDv4 for UETRs, and salts.

One source of randomness is injected, so a seeded run (tests, `franchise demo`) makes the same ids each time.
"""

from __future__ import annotations

import random
import secrets
from datetime import datetime
from typing import Protocol
from uuid import UUID


class RandomBits(Protocol):
    def getrandbits(self, k: int, /) -> int: ...


class Ids:
    """Makes identifiers. Not seeded, it uses the operating system's randomness.

    ids made within one millisecond still sort in the order they were made: twelve bits count them.
    """

    def __init__(self, source: RandomBits | None = None) -> None:
        self._bits: RandomBits = source or secrets.SystemRandom()
        self._last_ms = 0
        self._count = 0

    @classmethod
    def seeded(cls, seed: int) -> Ids:
        """Repeatable ids; never for production."""
        return cls(random.Random(seed))  # noqa: S311  (wanted: not secret)

    def new_id(self, now: datetime) -> str:
        """A UUIDv7 as 36 characters."""
        ms = int(now.timestamp() * 1000)
        if ms <= self._last_ms and self._count < 0xFFF:
            ms, self._count = self._last_ms, self._count + 1
        else:
            ms, self._count = max(ms, self._last_ms + 1) if ms <= self._last_ms else ms, 0
        self._last_ms = ms
        value = (ms & (1 << 48) - 1) << 80 | 0x7 << 76 | self._count << 64 | 0b10 << 62
        return str(UUID(int=value | self._bits.getrandbits(62)))

    def new_uetr(self) -> str:
        """A UUIDv4: the Unique End-to-end Transaction Reference of ISO 20022 refuses other versions."""
        value = self._bits.getrandbits(128) & ~(0xF << 76) & ~(0b11 << 62)
        return str(UUID(int=value | 0x4 << 76 | 0b10 << 62))

    def new_salt(self) -> str:
        """128 random bits, as 32 hex digits."""
        return f"{self._bits.getrandbits(128):032x}"

    def new_token(self) -> str:
        """256 random bits, as 64 hex digits: for sessions and keys."""
        return f"{self._bits.getrandbits(256):064x}"
