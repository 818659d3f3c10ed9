"""Real forms of others (../shared/data/forms) convert, or say why not; our checker understands them."""

import datetime
from pathlib import Path

import pytest

from forms.check import check
from forms.errors import XPathError
from forms.fill import fill
from forms.xform import read
from forms.xlsform import build

FOLDER = Path(__file__).parents[3] / "shared" / "data" / "forms"
FILES = sorted(path for path in FOLDER.glob("*") if path.suffix in (".xlsx", ".xls", ".xml"))
NOW = datetime.datetime(2026, 11, 21, tzinfo=datetime.UTC)
BROKEN = {
    "pyxform_bad_calc.xlsx", "pyxform_calculate_without_calculation.xls", "pyxform_duplicate_columns.xlsx",
    "pyxform_group_name_test.xls", "pyxform_include.xls", "pyxform_include.xlsx", "pyxform_include_json.xls",
    "pyxform_include_json.xlsx", "pyxform_unknown_question_type.xls", "pyxform_xl_date_ambiguous.xlsx",
}  # fmt: skip
SAID_OF_AN_EMPTY_FORM = {"required-missing", "too-few-entries", "constraint-failed", "wrong-type"}


@pytest.mark.conformance
@pytest.mark.skipif(not FILES, reason="../shared/data/forms is not here")
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_real_form_is_built_and_checked_or_refused_with_a_reason(path):
    xform = path.read_bytes()
    if path.suffix != ".xml":
        result = build(xform, form_id="f", version="1")
        assert (result.form is None) == (path.name in BROKEN), [p.text() for p in result.problems]
        if result.form is None:
            return
        xform = result.form.xform
    form = read(xform)
    try:
        xml = fill(form, {}, instance_id="uuid:1", now=NOW)
    except XPathError as error:
        assert "file" in str(error.params["reason"])  # noqa: PT017
        return
    assert {problem.code for problem in check(form, xml, [], now=NOW).problems} <= SAID_OF_AN_EMPTY_FORM
