import pytest

from retrieval.text.exact_terms import MAX_TERM_CHARS, exact_terms


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("my order is A-48213.", ["=a-48213", "=a48213", "=48213"]),
        ("order A48213!", ["=a48213"]),
        ("order #48213", ["=48213"]),
        ("ERR_CONN_REFUSED", ["=err_conn_refused"]),
        ("error 0x80070057", ["=0x80070057"]),
        ("upgrade to v2.6.1 now", ["=2.6.1"]),
        ("see /var/log/app.log", ["=var/log/app.log", "=app.log"]),
        ("https://shop.example/cart/", ["=shop.example/cart", "=shop.example"]),
        ("mail ada@shop.example", ["=ada@shop.example", "=shop.example"]),
        ("use std::vector", ["=std::vector"]),
        ("the well-known and/or e.g. it's don't", []),
        ("in 2023 at 3pm on the 7th, 12 times", []),
        ("wait...what", []),
        ("", []),
        ("日本語", ["=日本", "=本語"]),
        ("佐々木", ["=佐々", "=々木"]),
        ("語", []),
        ("주문 번호", ["=주문", "=번호"]),
    ],
)
def test_terms_with_digits_or_inner_punctuation_are_found_whole(
    text: str, terms: list[str]
) -> None:
    assert exact_terms(text) == terms


def test_spellings_of_one_order_number_share_a_term() -> None:
    spellings = ["A-48213", "a–48213", "A48213", "Ａ48213"]

    shared = set.intersection(*(set(exact_terms(spelling)) for spelling in spellings))

    assert "=a48213" in shared


def test_a_term_is_listed_once() -> None:
    assert exact_terms("E4711 e4711") == ["=e4711"]


def test_a_very_long_term_is_bounded_and_still_distinct() -> None:
    first, second = exact_terms("a1" * 500), exact_terms("a1" * 500 + "b")

    assert all(len(term) <= MAX_TERM_CHARS for term in first + second)
    assert first != second
