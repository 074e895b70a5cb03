"""The names under which a question may speak of a participant."""

import pytest

from retrieval.store.participant_names import names_of


@pytest.mark.parametrize(
    ("identity", "names"),
    [
        ("ana", ["ana"]),
        ("Ana Ruiz", ["ana ruiz", "ana", "ruiz"]),
        ("ana.ruiz_42", ["ana.ruiz_42", "ana", "ruiz"]),
        ("Jo J", ["jo j", "jo"]),
        ("Zoë", ["zoë"]),
        ("4711", ["4711"]),
    ],
)
def test_identity_answers_to_itself_and_to_each_of_its_words(
    identity: str, names: list[str]
) -> None:
    assert names_of(identity) == names
