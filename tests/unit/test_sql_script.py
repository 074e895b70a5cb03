"""Taking migrations apart into statements."""

import pytest

from retrieval.database.sql_script import statements


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("select 1; select 2;", ["select 1", "select 2"]),
        ("select 1", ["select 1"]),
        ("-- why; because\nselect 1;", ["-- why; because\nselect 1"]),
        ("select 1; -- done; really\n", ["select 1"]),
        ("select ';'; select 'it''s;';", ["select ';'", "select 'it''s;'"]),
        ('select 1 as ";"; select 2;', ['select 1 as ";"', "select 2"]),
        ("/* a; b */ select 1;", ["/* a; b */ select 1"]),
        ("do $$ begin; end $$; select 1;", ["do $$ begin; end $$", "select 1"]),
        ("do $a$ x; $$ y; $a$; select 1;", ["do $a$ x; $$ y; $a$", "select 1"]),
        (" ; \n;-- nothing\n;/* at all */", []),
        ("", []),
    ],
)
def test_statements_end_at_their_own_semicolons(script: str, expected: list[str]) -> None:
    assert list(statements(script)) == expected
