"""The ledger as a file that spreadsheets open."""

import csv
import io
from collections.abc import Sequence

from billing.history import Row
from billing.money import to_decimal
from billing.points import as_decimal
from handlers.customer.phrases import posting_name
from handlers.tongue import Tongue

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def csv_file(t: Tongue, rows: Sequence[Row]) -> bytes:
    """CSV in UTF-8 with a byte order mark, oldest row first; moments in UTC, plain decimals.

    Text that a spreadsheet would run as a formula gets an apostrophe in front.
    """
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(
        [
            t("No."),
            t("Time (UTC)"),
            t("What"),
            t("Points"),
            t("Balance"),
            t("By"),
            t("Note"),
            t("Paid"),
            t("Currency"),
            t("Receipt"),
        ]
    )
    for row in rows:
        paid = row.payment
        writer.writerow(
            [
                row.number,
                t.moment(row.at),
                _text(posting_name(t, row)),
                as_decimal(row.amount),
                as_decimal(row.balance),
                _text(row.person or ""),
                _text(row.note),
                to_decimal(paid.price) if paid is not None else "",
                paid.price.currency if paid is not None else "",
                _text(paid.receipt_url or "") if paid is not None else "",
            ]
        )
    return b"\xef\xbb\xbf" + file.getvalue().encode()


def _text(value: str) -> str:
    return f"'{value}" if value.lstrip(" ").startswith(_FORMULA) else value
