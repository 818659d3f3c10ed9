"""XLSForm in every format becomes the same XForm; mistakes become problems with their row."""

import io
import subprocess
import sys
import zipfile
from pathlib import Path

import openpyxl
import pytest

from forms.xform import read
from forms.xlsform import _from_markdown, build

SMALL = """
| survey | | | |
| | type | name | label |
| | text | who | Who? |
| | integer | n | How many? |
"""


def sheets(source):
    book = _from_markdown(source)
    return {name: [dict(row) for row in rows] for name, rows in book.rows.items()}, book.headers


def as_xlsx(source):
    rows, headers = sheets(source)
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, header in headers.items():
        sheet = book.create_sheet(name)
        sheet.append(header)
        for row in rows[name]:
            sheet.append([row.get(column) for column in header])
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def as_csv(source):
    rows, headers = sheets(source)
    lines = []
    for name, header in headers.items():
        lines += [f'"{name}"', ",".join(["", *(f'"{column}"' for column in header)])]
        for row in rows[name]:
            lines.append(
                ",".join(["", *('"' + row.get(column, "").replace('"', '""') + '"' for column in header)])
            )
    return "\n".join(lines)


def test_a_good_form_is_built_without_a_word(built):
    assert built.problems == ()
    assert built.form.form_id == "village"
    assert built.form.version == "1.0.0"
    assert built.form.title == "Village meeting"
    assert built.form.languages == ("en", "fr", "es")
    assert len(built.form.md5) == 32
    assert len(built.form.sha256) == 64


def test_the_format_of_the_file_makes_no_difference(source, built):
    rows, _ = sheets(source)
    for other in (source.encode(), as_xlsx(source), as_csv(source), as_csv(source).encode("utf-8-sig"), rows):
        again = build(other, form_id="village", version="1.0.0", title="Village meeting")
        assert again.problems == ()
        assert again.form.xform == built.form.xform


def test_the_same_form_gives_the_same_bytes_in_another_process(built):
    script = (
        "import sys; from pathlib import Path; from forms.xlsform import build;"
        "print(build(Path(sys.argv[1]).read_bytes(), form_id='village', version='1.0.0',"
        " title='Village meeting').form.sha256)"
    )
    root, village = Path(__file__).parents[2], Path(__file__).with_name("village.md")
    done = subprocess.run(
        [sys.executable, "-c", script, str(village)],
        cwd=root,
        env={"PYTHONHASHSEED": "7", "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == built.form.sha256


def test_id_version_and_title_are_ours_whatever_the_sheet_says():
    settings = "| settings | | | | |\n| | id_string | version | title | name |\n| | x | 9 | Mine | data |\n"
    form = read(build(SMALL + settings, form_id="small", version="2", title="Ours").form.xform)
    assert (form.form_id, form.version, form.title, form.root) == ("small", "2", "Ours", "submission")
    assert read(build(SMALL + settings, form_id="small", version="2").form.xform).title == "Mine"
    assert read(build(SMALL, form_id="small", version="2").form.xform).title == "small"


def test_a_question_may_be_called_data():
    survey = {"survey": [{"type": "date", "name": "data", "label": "Data", "read_only": "", "hint": None}]}
    assert build(survey, form_id="f", version="1").form is not None


def test_a_bar_in_a_cell_is_written_with_a_backslash():
    md = SMALL + "| | text | q | A \\| B |\n"
    assert read(build(md, form_id="f", version="1").form.xform).questions["/submission/q"].label == {
        "default": "A | B"
    }


@pytest.mark.parametrize(
    ("row", "place", "says"),
    [
        ("| | select_one nothing | s | S |", "", "choices sheet"),
        ("| | text | two words | T |", "sheet survey, row 4, line 6", "Names must"),
        ("| | text | who | T |", "sheet survey, row 4, line 6", "unique"),
        ("| | begin_group | g | G |", "sheet survey, row 4, line 6", "end_group"),
        ("| | nonsense | x | X |", "", "nonsense"),
    ],
)
def test_a_mistake_is_told_with_its_row(row, place, says):
    result = build(SMALL + row, form_id="f", version="1")
    assert result.form is None
    (problem,) = [p for p in result.problems if p.severity == "error"]
    assert says in problem.text()
    assert problem.place == place


@pytest.mark.parametrize("column", ["constraint", "relevant", "required", "calculation"])
def test_an_expression_that_is_none_is_told_with_its_row(column):
    rows = [
        {"type": "text", "name": "a", "label": "A"},
        {"type": "integer", "name": "b", "label": "B", column: "1 +"},
    ]
    result = build({"survey": rows}, form_id="f", version="1")
    assert result.form is None
    problem = result.problems[-1]
    assert problem.place == "sheet survey, row 3"
    assert "b" in problem.text()


def test_all_bad_expressions_are_told_at_once():
    rows = [{"type": "integer", "name": f"q{n}", "label": "Q", "constraint": ". ><"} for n in range(3)]
    result = build({"survey": rows}, form_id="f", version="1")
    assert [p.place for p in result.problems if p.code == "expression-invalid"] == [
        f"sheet survey, row {n}" for n in (2, 3, 4)
    ]


def test_a_reference_to_no_question_is_told():
    rows = [{"type": "integer", "name": "a", "label": "A", "constraint": ". > ${b}"}]
    result = build({"survey": rows}, form_id="f", version="1")
    assert result.form is None
    assert "b" in result.problems[0].text()


def test_what_the_server_cannot_check_is_a_warning():
    rows = [{"type": "text", "name": "a", "label": "A", "constraint": "regex(., '(?=x)')"}]
    result = build({"survey": rows}, form_id="f", version="1")
    assert result.form is not None
    assert [(p.code, p.place) for p in result.problems] == [("regex-unsupported", "sheet survey, row 2")]
    rows = [{"type": "select_one_from_file places.csv", "name": "a", "label": "A"}]
    result = build({"survey": rows}, form_id="f", version="1")
    assert [p.code for p in result.problems] == ["external-choices"]


def test_a_language_that_lags_is_a_warning(source):
    lagging = source.replace("| Mujeres presentes |", "| |")
    result = build(lagging, form_id="f", version="1")
    assert [(p.code, p.severity, p.params["languages"]) for p in result.problems] == [
        ("translation-missing", "warning", "es")
    ]


@pytest.mark.parametrize(
    ("form_id", "version", "code"),
    [("", "1", "form-id-invalid"), ("1a", "1", "form-id-invalid"), ("a b", "1", "form-id-invalid"),
     ("a", " ", "form-version-missing")],
)  # fmt: skip
def test_a_form_needs_an_id_and_a_version(form_id, version, code):
    result = build(SMALL, form_id=form_id, version=version)
    assert result.form is None
    assert [p.code for p in result.problems] == [code]


def archive(**members):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in members.items():
            file.writestr(name.replace("_", "."), data)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("source", "code"),
    [
        (b"", "not-an-xlsform"),
        (b"\xff\xfe\x00", "not-an-xlsform"),
        (b"just words", "not-an-xlsform"),
        (b"<html>, an XForm?</html>", "not-an-xlsform"),
        (b"%PDF-1.7\n\x80", "not-an-xlsform"),
        (b"PK\x03\x04 cut", "not-an-xlsform"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 cut", "not-an-xlsform"),
        (archive(a_txt="no workbook"), "not-an-xlsform"),
        (archive(a_xml="<!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>"), "not-an-xlsform"),
        (archive(a_xml="<x>" + "0" * 30_000_000 + "</x>"), "form-too-large"),
        (archive(**{f"m{n}_xml": "" for n in range(600)}), "form-too-large"),
        (b"| survey |\n" * 600_000, "form-too-large"),
        ("| survey |\n" * 600_000, "form-too-large"),
        ("| survey |\n| | type | name |\n" + "| | text | q |\n" * 10_001, "form-too-large"),
        ("| survey |", "survey-missing"),
        ("| choices |\n| | list_name | name |\n| | a | b |", "survey-missing"),
        ({}, "survey-missing"),
        ({"survey": "text"}, "not-an-xlsform"),
        ({"survey": [1]}, "not-an-xlsform"),
    ],
)
def test_what_is_no_form_is_told_never_raised(source, code):
    result = build(source, form_id="f", version="1")
    assert result.form is None
    assert [p.code for p in result.problems] == [code]


def test_a_name_of_a_file_is_not_opened(tmp_path):
    path = tmp_path / "form.md"
    path.write_text(SMALL)
    assert build(str(path), form_id="f", version="1").form is None
