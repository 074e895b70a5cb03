import pytest

from retrieval.text.normal_form import readable
from retrieval.text.terms.codes import MAX_TERM_CHARS, codes, has_code
from retrieval.text.words import without_unspaced


def forms(text: str) -> list[str]:
    return [form for code in codes(without_unspaced(readable(text))) for form in code]


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("my order is A-48213.", ["=a-48213", "=a48213"]),
        ("order A48213!", ["=a48213"]),
        ("ERR_CONN_REFUSED", ["=err_conn_refused"]),
        ("error 0x80070057", ["=0x80070057"]),
        ("upgrade to v2.6.1 now", ["=2.6.1"]),
        ("see /var/log/app.log", ["=var/log/app.log", "=app.log"]),
        ("https://shop.example/cart/", ["=shop.example/cart", "=shop.example"]),
        ("mail ada@shop.example", ["=ada@shop.example", "=shop.example"]),
        ("use std::vector", ["=std::vector"]),
        ("型番はA-482です", ["=a-482", "=a482"]),
        ("the well-known and/or e.g. it's don't", []),
        ("in 2023 at 3pm on the 7th, 12 times", []),
        ("order #48213, 1,234.50 and +49 170 1234567", []),
        ("wait...what", []),
        ("", []),
        ("日本語", []),
    ],
)
def test_codes_are_found_whole_and_by_their_parts(text: str, terms: list[str]) -> None:
    assert forms(text) == terms


def test_spellings_of_one_order_number_share_a_form() -> None:
    spellings = ["A-48213", "a–48213", "A48213", "Ａ48213"]

    shared = set.intersection(*(set(forms(spelling)) for spelling in spellings))

    assert "=a48213" in shared


def test_a_very_long_code_is_bounded_and_still_distinct() -> None:
    first, second = forms("a1" * 500), forms("a1" * 500 + "b")

    assert all(len(form) <= MAX_TERM_CHARS for form in first + second)
    assert first != second


def test_numbers_of_some_length_are_codes_too() -> None:
    assert has_code("48213")
    assert not has_code("in 2023 at 12")
