"""A batch as a table: frozen, checked, answered, like one of any other rail."""

import hashlib
import io

import openpyxl
import pytest

from server.actor import SYSTEM
from server.batches import service as batches


def workbook(rows):
    book, out = openpyxl.Workbook(), io.BytesIO()
    for row in rows:
        book.active.append(row)
    book.save(out)
    return out.getvalue()


WRITERS = {"csv": lambda rows: "\r\n".join(";".join(row) for row in rows).encode(), "xlsx": workbook}


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_a_batch_goes_out_as_a_table_and_is_settled_by_its_answer(owing, form):
    account = owing.run(
        SYSTEM, batches.add_paying_account, code=f"table-{form}", profile_name=f"table_{form}", currency="XOF",
        holder_name="Franchise", identifier="BJ6600100100000001234567", agent="", country="BJ", town="Cotonou",
    )  # fmt: skip
    batch_id, content = owing.exported(account)
    row = owing.read(batches.batch, batch_id)
    assert row.file_name.endswith(f".{form}")
    assert hashlib.sha256(content).hexdigest() == row.file_sha256
    assert owing.verify() == []
    first, *others = [p.end_to_end_id for p in owing.payments(batch_id)]
    lines = [
        ("Reference", "Result", "Reason"),
        (first, "REJECTED", "closed"),
        *((o, "PAID", "") for o in others),
    ]
    read = owing.read_answer(batch_id, WRITERS[form](lines))
    assert (read.settled, read.rejected) == (len(others), 1)
    assert owing.verify() == []
