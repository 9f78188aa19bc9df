"""The sandbox's table of limits says what the Bot API's documentation says."""

import json
import re
from pathlib import Path

import pytest

from sandbox.telegram.limits import LIMITS

SPEC = Path(__file__).parents[4] / "shared" / "data" / "telegram-bot-api-10.1.json"


@pytest.fixture(scope="module")
def documented() -> dict[tuple[str, str], tuple[int, int, str]]:
    """{(method or type, field): (low, high, unit)} of every length that the documentation states."""
    if not SPEC.exists():
        pytest.skip("the Bot API's specification isn't beside the repository")
    spec = json.loads(SPEC.read_text())
    found = {}
    for owner in [*spec["methods"].values(), *spec["types"].values()]:
        for field in owner.get("fields", []):
            if match := re.search(r"(\d+)-(\d+) (characters|bytes)( after entit)?", field["description"]):
                unit = "parsed characters" if match[4] else match[3]
                found[owner["name"], field["name"]] = (int(match[1]), int(match[2]), unit)
    return found


@pytest.mark.parametrize("key", LIMITS, ids=".".join)
def test_a_limit_is_the_documented_one(
    documented: dict[tuple[str, str], tuple[int, int, str]], key: tuple[str, str]
) -> None:
    limit = LIMITS[key]
    assert (limit.low, limit.high, limit.unit) == documented[key]


def test_no_documented_limit_of_a_known_method_is_left_out(
    documented: dict[tuple[str, str], tuple[int, int, str]],
) -> None:
    owners = {owner for owner, _ in LIMITS}
    assert {key for key in documented if key[0] in owners} - set(LIMITS) == set()
