"""Writing what is known already into a form, before it is handed out.

The values become defaults in the XForm's primary instance, which every client (ODK Collect, ODK Web Forms)
shows as given answers; a read-only question cannot be changed by the person, and `forms.check` is told what
was written. The bytes are a new form file: their MD5 differs from the published version's.

Source: ODK XForms specification, "Primary instance".
"""

from __future__ import annotations

from collections.abc import Mapping

from lxml import etree

from forms.errors import UnknownQuestion
from forms.xform import LIMITS, Form, local_name, primary_instance, read
from workflows import xml


def prefill(xform: bytes, values: Mapping[str, str]) -> bytes:
    """Give questions outside repeats their default value, by name (see `Form.keys`) or by path.

    Raises UnknownQuestion for a name the form does not have or has in a repeat.
    """
    form = read(xform)
    root = xml.parse(xform, limits=LIMITS)
    primary = primary_instance(root)
    for name, value in values.items():
        element = _element(form, primary, name)
        if element is None:
            raise UnknownQuestion(form=form.title, question=name)
        element.text = value
    return xml.serialize(root)


def _element(form: Form, primary: etree._Element | None, name: str) -> etree._Element | None:
    """The leaf of the primary instance a name or a path means."""
    path = name if name in form.questions else ""
    if not path:
        known = (q.path for q in form.questions.values() if q.key == name and not q.repeat)
        path = next(known, "")
    if not path or form.questions[path].repeat or primary is None:
        return None
    element: etree._Element | None = primary
    for part in path.split("/")[2:]:
        if element is not None:
            element = next((child for child in element if local_name(child) == part), None)
    return element
