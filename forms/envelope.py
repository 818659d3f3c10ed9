"""What a submission says about itself, read before its form is known: which form, and which submission.

Source: OpenRosa 1.0 metadata schema (meta/instanceID, meta/deprecatedID); phones write the meta block in the
form's or in the OpenRosa namespace, so names are matched without it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from forms.errors import FormError
from forms.xform import local_name
from workflows import xml

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9:._-]{7,99}", re.ASCII)


class NotASubmission(FormError):
    code = "not-a-submission"
    message = "This is not a form's submission: %(reason)s. Send the file that the form application made."


@dataclass(frozen=True, slots=True)
class Envelope:
    """form_id, version: of the form; instance_id: the client's id of this submission, without "uuid:"."""

    form_id: str
    version: str
    instance_id: str
    deprecated_id: str | None


def read(data: bytes) -> Envelope:
    """Read the envelope. Raises workflows.xml.XmlRefused and NotASubmission."""
    root = xml.parse(data)
    meta = next((e for e in root.iter() if local_name(e) == "meta"), None)
    found = {local_name(e): (e.text or "").strip() for e in meta} if meta is not None else {}
    if not root.get("id"):
        raise NotASubmission(reason="it names no form")
    if not found.get("instanceID"):
        raise NotASubmission(reason="it has no instanceID")
    deprecated = found.get("deprecatedID")
    return Envelope(
        root.get("id", ""), root.get("version", ""), _identifier(found["instanceID"]),
        _identifier(deprecated) if deprecated else None,
    )  # fmt: skip


def _identifier(text: str) -> str:
    if not _ID.fullmatch(text):
        raise NotASubmission(reason="its instanceID is malformed")
    return text.removeprefix("uuid:")
