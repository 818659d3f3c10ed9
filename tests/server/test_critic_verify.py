"""`franchise verify` finds who leads money elsewhere, swaps people or removes evidence, past every trigger."""

import pytest

from server.actor import SYSTEM
from server.transparency import service as transparency

CAREFUL = "UPDATE payable SET allocated = allocated - amount, settled = 0 WHERE settled = amount AND person_id = {one}"
ONE = "(SELECT min(person_id) FROM payment WHERE state = 'settled')"
MANIPULATIONS = {
    "payee-account-changed": ["UPDATE payee_account SET identifier = '2290197999999'"],
    "evidence-missing": ["DELETE FROM submission_file"],
    "acceptance-changed": ["UPDATE delivery SET accepted_by = 'thief' WHERE state = 'accepted'"],
    "batch-told-otherwise": ["UPDATE payment_batch SET approved_by = 'thief' WHERE approved_by IS NOT NULL"],
    "batch-state": ["UPDATE payment_batch SET state = 'cancelled' WHERE state = 'exported'"],
    # the projections are made to agree: only journal and ledger know better
    "payment-told-otherwise": [CAREFUL.format(one=ONE), f"UPDATE payment SET state = 'cancelled' WHERE person_id = {ONE}"],
    "payee-balance": [CAREFUL.format(one=ONE), f"UPDATE payment SET state = 'cancelled' WHERE person_id = {ONE}"],
}  # fmt: skip


@pytest.mark.parametrize("finding", MANIPULATIONS)
def test_a_manipulation_is_found(paying, finding):
    paying.run(SYSTEM, transparency.seal)
    assert paying.verify() == []
    paying.tamper(*MANIPULATIONS[finding])
    assert finding in paying.verify()
