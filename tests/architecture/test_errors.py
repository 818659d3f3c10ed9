"""Every error has a code of its own, a status and a row in the documents."""

import re
from collections import Counter

from server.http import problems

PAGE = "docs/reference/problems.md"


def status_of(kind):
    return next(problems.STATUS[c] for c in kind.__mro__ if c in problems.STATUS)


def test_every_error_has_a_code_of_its_own(error_classes):
    own = Counter(kind.code for kind in error_classes)
    assert not [code for code, times in own.items() if times > 1]
    assert not [kind for kind in error_classes if "code" not in vars(kind)], "give these a code"
    assert not [code for code in own if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", code)]


def test_every_error_has_a_status(error_classes):
    for kind in error_classes:
        assert 400 <= status_of(kind) < 600, kind


def test_every_error_says_something_of_its_own(error_classes):
    """A sentence with a capital and an end, and places that gettext and % both understand."""
    for kind in error_classes:
        if kind.message == "%(what)s":  # said by whoever raises it
            continue
        assert re.match(r"[A-Z“%]", kind.message), kind
        assert kind.message.endswith((".", "s")), kind
        places = re.findall(r"%\((\w+)\)s", kind.message)
        assert kind.message % dict.fromkeys(places, "x")


def test_every_error_is_documented_with_its_status(error_classes, table_rows):
    documented = {row[0]: row[1] for row in table_rows(PAGE, "code")}
    missing = [
        f"| `{kind.code}` | {status_of(kind)} | {kind.message} |"
        for kind in error_classes
        if documented.get(kind.code) != str(status_of(kind))
    ]
    assert not missing, f"{PAGE} lacks these rows, or they have another status:\n" + "\n".join(missing)


def test_every_documented_error_exists(error_classes, table_rows):
    documented = {row[0] for row in table_rows(PAGE, "code")}
    assert not documented - {kind.code for kind in error_classes}, (
        f"these are not in the code any more ({PAGE})"
    )
