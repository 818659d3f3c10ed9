"""The versions of pain.001 that banks take, and what differs between them.

.09 (2019) is what banks take since they dropped unstructured addresses; .03 (2009) is what older banking
software still wants: no UETR, no proxy of an account, the BIC and the day of execution in other elements.
Source: the official schemas of ISO 20022, in the sepaxml wheel.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Final

from lxml import etree


@dataclass(frozen=True, slots=True)
class Version:
    """One version of the message.

    bic: the element of a bank's BIC. has_uetr, has_proxy: whether the schema knows them. day: how
    ReqdExctnDt holds its date.
    """

    name: str
    bic: str
    has_uetr: bool
    has_proxy: bool
    day: str

    @property
    def namespace(self) -> str:
        return f"urn:iso:std:iso:20022:tech:xsd:{self.name}"


VERSIONS: Final = MappingProxyType(
    {
        version.name: version
        for version in (
            Version("pain.001.001.09", "BICFI", has_uetr=True, has_proxy=True, day="<Dt>{}</Dt>"),
            Version("pain.001.001.03", "BIC", has_uetr=False, has_proxy=False, day="{}"),
        )
    }
)
"""By name; the first is the one to take where a bank does not ask for another."""

NEWEST: Final = next(iter(VERSIONS))


@cache
def schema(name: str) -> etree.XMLSchema:
    """The official schema of a version."""
    file = resources.files("sepaxml") / "schemas" / f"{name}.xsd"
    with file.open("rb") as stream:
        # the schema is trusted package data of our own dependency, no input
        return etree.XMLSchema(etree.parse(stream))  # noqa: TID251
