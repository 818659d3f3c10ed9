"""The modeler's JavaScript stays small enough for a slow line, and knows no eval."""

import json

from bench import modeler
from tests.browser_support import ROOT


def test_the_scripts_of_the_modeler_keep_to_their_budget(dist) -> None:
    assert 100 < modeler.kilobytes() < modeler.BAR_KILOBYTES


def test_there_is_one_preact_and_no_code_editor(dist) -> None:
    """Two copies of Preact break each other's hooks; a code editor would double the page."""
    packages = json.loads((ROOT / "server" / "frontend" / "package-lock.json").read_text("utf-8"))["packages"]
    assert [name for name in packages if name.endswith("node_modules/preact")] == ["node_modules/preact"]
    text = "".join((dist / file).read_text("utf-8") for file in modeler.scripts())
    assert "cm-editor" not in text
