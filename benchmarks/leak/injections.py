"""What is put into fields, parameters and paths."""

from typing import Any

TEXTS = (
    "' or '1'='1",
    "'; drop table message; --",
    '" or ""="',
    "') union select content from message --",
    "$$; select pg_sleep(0); $$",
    "%' or content like '%",
    "_%",
    "\\' or 1=1 --",
    "{0.__class__.__init__.__globals__}",
    "%s%s%n%x",
    "${jndi:ldap://127.0.0.1/x}",
    "{{7*7}}",
    "../../../../etc/passwd",
    "..%2f..%2fetc%2fpasswd",
    "\u0000",
    "a\u0000b",
    "\ud800",
    "\u202e\u2066",
    "\uff07 or 1=1",
    "\r\nX-Injected: 1",
    "null",
    "true",
    "*",
    "[]",
    "-1",
    "1e400",
    "<script>alert(1)</script>",
    "x" * 70_000,
)
VALUES: tuple[Any, ...] = (
    None,
    True,
    -1,
    2**63,
    1e308,
    [],
    {},
    {"$ne": None},
    {"$gt": ""},
    ["' or 1=1 --"],
    [[[[[[]]]]]],
    {"__proto__": {"permissions": ["read"]}},
)


def put(body: Any, value: Any) -> list[Any]:
    """Copies of a body, each with one value of it replaced, or one field more."""
    found: list[Any] = []
    if isinstance(body, dict):
        found.append(body | {"conversation_id": value})
        for name, part in body.items():
            found.append(body | {name: value})
            found += [body | {name: one} for one in put(part, value)]
    elif isinstance(body, list):
        for place, part in enumerate(body):
            found += [[*body[:place], one, *body[place + 1 :]] for one in put(part, value)]
    return found
