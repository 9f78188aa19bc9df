"""Telegram's HTML: what is read, what is refused, and with which words."""

from typing import Any

import pytest

from sandbox.telegram.html import parse_html
from sandbox.telegram.refusal import RefusalError


def entities(source: str) -> list[dict[str, Any]]:
    return parse_html(source).entities_json()


def test_tags_become_entities_counted_in_utf16_units() -> None:
    parsed = parse_html("🎉 <b>Paid</b> &lt;15.5&gt; points")
    assert parsed.text == "🎉 Paid <15.5> points"
    assert parsed.entities_json() == [{"type": "bold", "offset": 3, "length": 4}]


@pytest.mark.parametrize(
    ("source", "entity"),
    [
        (
            '<a href="http://127.0.0.1:8000/pay">pay</a>',
            {"type": "text_link", "url": "http://127.0.0.1:8000/pay"},
        ),
        ("<blockquote expandable>x y</blockquote>", {"type": "expandable_blockquote"}),
        ('<span class="tg-spoiler">x</span>', {"type": "spoiler"}),
        ('<pre><code class="language-csv">a,b</code></pre>', {"type": "pre", "language": "csv"}),
        (
            '<tg-time unix="1764547200" format="wDt">1 Dec</tg-time>',
            {"type": "date_time", "unix_time": 1764547200, "date_time_format": "wDt"},
        ),
        ("/topup", {"type": "bot_command"}),
        ("https://t.me/demo_bot?start=x1", {"type": "url"}),
    ],
)
def test_each_kind_carries_what_it_needs(source: str, entity: dict[str, Any]) -> None:
    found = entities(source)
    assert len(found) == 1
    assert {key: value for key, value in found[0].items() if key not in ("offset", "length")} == entity


def test_nested_tags_are_kept_outermost_first() -> None:
    assert [one["type"] for one in entities("<b>a <i>b</i></b>")] == ["bold", "italic"]


def test_a_bare_ampersand_is_just_a_letter() -> None:
    assert parse_html("Tom & Jerry &nbsp; &#9733;").text == "Tom & Jerry &nbsp; ★"


def test_a_link_to_localhost_loses_its_link_and_keeps_its_words() -> None:
    parsed = parse_html('<a href="http://localhost:8000">pay</a>')
    assert (parsed.text, parsed.entities) == ("pay", ())


def test_blank_ends_are_cut_and_entities_move_along() -> None:
    parsed = parse_html("  <b> Points </b>\n")
    assert parsed.text == "Points"
    assert parsed.entities_json() == [{"type": "bold", "offset": 0, "length": 6}]


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("é<div>x</div>", 'Unsupported start tag "div" at byte offset 2'),
        ("a<br>b", 'Unsupported start tag "br" at byte offset 1'),
        ("balance <5", "Unclosed start tag at byte offset 8"),
        ("x</b>", "Unexpected end tag at byte offset 1"),
        ("<b>x</i>", 'Unmatched end tag at byte offset 4, expected "</b>", found "</i>"'),
        ("<b>oops", 'Can\'t find end tag corresponding to start tag "b"'),
        ('<span class="red">x</span>', 'Tag "span" must have class "tg-spoiler" at byte offset 0'),
        ('<a ="x">y</a>', 'Empty attribute name in the tag "a" at byte offset 0'),
        ("<b>x</b", "Unclosed end tag at byte offset 4"),
        ('<a href="x>y', 'Unclosed start tag "a" at byte offset 0'),
        ("<a href=a/b>y</a>", "Unexpected end of name token at byte offset 8"),
    ],
)
def test_broken_markup_is_refused_in_telegrams_words(source: str, words: str) -> None:
    with pytest.raises(RefusalError) as refused:
        parse_html(source)
    assert refused.value.description == f"Bad Request: can't parse entities: {words}"
