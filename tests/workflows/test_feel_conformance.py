"""The DMN TCK: the share of its literal cases that are right."""

import json
from pathlib import Path

import pytest

CASES = Path(__file__).resolve().parents[3] / "shared" / "data" / "feel_tck" / "literal_cases.json"


@pytest.mark.conformance
@pytest.mark.skipif(not CASES.exists(), reason="../shared/data/feel_tck is missing")
def test_at_least_95_percent_of_the_tck_cases_with_a_value_are_right():
    from bench.feel import ours, share

    cases = json.loads(CASES.read_text(encoding="utf-8"))
    results = [ours(case["expr"]) for case in cases]
    assert share(results, cases, null=False) >= 0.95
    assert share(results, cases, null=True) >= 0.95
