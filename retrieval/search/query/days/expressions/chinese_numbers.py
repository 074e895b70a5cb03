"""Chinese numerals up to 99."""

_DIGITS = {digit: n for n, digit in enumerate("一二三四五六七八九", 1)} | {"两": 2, "兩": 2}


def number_of(text: str) -> int:
    """十一 is 11; 0 ("a few") for 几天."""
    if any(sign in "几幾数" for sign in text):
        return 0
    tens, ten, ones = text.partition("十")
    if not ten:
        return _DIGITS.get(tens, 0)
    return 10 * _DIGITS.get(tens, 1) + _DIGITS.get(ones, 0)
