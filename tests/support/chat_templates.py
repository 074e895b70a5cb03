"""Chat templates in the spirit of those that models ship: what each family takes and refuses.

Written for these tests. Rendered as servers do, in jinja2's sandbox, with `raise_exception`.
"""

import json
from typing import Any, NoReturn

from jinja2.exceptions import TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

_HEAD = "{%- macro said(role, text) -%}<|{{ role }}|>{{ text }}<|end|>\n{%- endmacro -%}"

# Everything goes, but one call at a time.
LLAMA_3 = """
{%- for m in messages -%}
{%- if m.tool_calls -%}
{%- if m.tool_calls | length != 1 -%}
{{ raise_exception("only single tool-calls at once") }}
{%- endif -%}
{{ said("assistant", m.tool_calls[0].function | tojson) }}
{%- elif m.role in ("tool", "ipython") -%}{{ said("ipython", m.content | tojson) }}
{%- else -%}{{ said(m.role, m.content | trim) }}
{%- endif -%}
{%- endfor -%}
"""

# One system message at the beginning, then user and assistant in turns; short ids of calls.
MISTRAL = """
{%- set system = messages[0].content if messages[0].role == "system" else "" -%}
{%- set rest = messages[1:] if messages[0].role == "system" else messages -%}
{%- set turns = namespace(count=0) -%}
{%- for m in rest -%}
{%- if m.role not in ("user", "assistant", "tool") -%}
{{ raise_exception("Only user, assistant and tool roles are supported after the system message") }}
{%- endif -%}
{%- if not (m.role == "tool" or m.tool_calls) -%}
{%- if (m.role == "user") != (turns.count % 2 == 0) -%}
{{ raise_exception("conversation roles must alternate user/assistant/user/assistant") }}
{%- endif -%}
{%- set turns.count = turns.count + 1 -%}
{%- endif -%}
{%- for call in m.tool_calls or [] -%}
{%- if call.id | length != 9 -%}
{{ raise_exception("Tool call IDs must have a length of 9") }}
{%- endif -%}
{%- endfor -%}
{{ said(m.role, m.content or (m.tool_calls | tojson)) }}
{%- endfor -%}
{{ system }}
"""

# No system message, no tools, strictly in turns.
GEMMA = """
{%- if messages[0].role == "system" %}{{ raise_exception("System role not supported") }}{% endif -%}
{%- for m in messages -%}
{%- if (m.role == "user") != (loop.index0 % 2 == 0) -%}
{{ raise_exception("Conversation roles must alternate user/assistant/user/assistant/...") }}
{%- endif -%}
{{ said("model" if m.role == "assistant" else m.role, m.content | trim) }}
{%- endfor -%}
"""

# A system message at the beginning only.
QWEN = """
{%- for m in messages -%}
{%- if m.role == "system" and not loop.first -%}
{{ raise_exception("System message must be at the beginning.") }}
{%- endif -%}
{{ said(m.role, m.content or (m.tool_calls | tojson)) }}
{%- endfor -%}
"""

# Adds every content to a text: fails where there is none.
PHI = """
{%- for m in messages -%}
{%- if m.role not in ("system", "user", "assistant") -%}
{{ raise_exception("Unknown role: " + m.role) }}
{%- endif -%}
{{ "<|" + m.role + "|>" + m.content + "<|end|>" }}
{%- endfor -%}
"""

FAMILIES = {"llama3": LLAMA_3, "mistral": MISTRAL, "gemma": GEMMA, "qwen": QWEN, "phi": PHI}


class Refused(Exception):
    """What the template raised."""


def render(template: str, messages: list[dict[str, Any]]) -> str:
    """Raises Refused."""
    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
    environment.globals["raise_exception"] = _raise
    environment.filters["tojson"] = json.dumps
    try:
        return environment.from_string(_HEAD + template).render(messages=messages)
    except (TemplateError, TypeError) as error:
        raise Refused(str(error)) from error


def _raise(message: str) -> NoReturn:
    raise TemplateError(message)
