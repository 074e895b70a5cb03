"""Marks by which chat templates tell a model who speaks: in what people say they are only text.

Servers put a message's text into the template as it is; many tokenizers read such marks there too.
"""

import re
from typing import Final

from retrieval.quotation.invisible import visible

_LEFT: Final = "<\uff1c\ufe64\u2039\u3008\u2329\u27e8\u276e\u02c2"
_RIGHT: Final = ">\uff1e\ufe65\u203a\u3009\u232a\u27e9\u276f\u02c3"
_BAR: Final = "|\uff5c\xa6\u2502\u2223\u01c0\u2758\uffe8"
_ANGLED: Final = (
    r"s|bos|eos|unk|pad|sep|cls|mask|sys|sop|so[adu]|eo[adhptu]|gmask"
    r"|(?:start|begin|end)_?of_?[a-z_]+|im_(?:start|end|sep)|[a-z_]+_token"
    r"|(?:unused|reserved|ctrl|extra_id|control|special)_?\d+"
    r"|tools?|tool_(?:calls?|results?|responses?|outputs?)|function(?:_calls?|_results?)?|think"
    # No tokens, but what models, or our own prompts, are told to take for instructions.
    r"|system[a-z_-]*|developer|assistant|user|human|model|instructions?|looked_up"
)
_BRACKETED: Final = (
    r"INST|SYS|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_[A-Z_]+|ARGS|CALL_ID|THINK|MODEL_SETTINGS"
    r"|IMG|IMG_BREAK|IMG_END|AUDIO|BEGIN_AUDIO|TRANSCRIBE|PREFIX|MIDDLE|SUFFIX"
    r"|[gs]?MASK|CLS|SEP|PAD|UNK|BOS|EOS|EOT|UNUSED_TOKEN_\d+|CONTROL_\d+"
)
_TOKEN: Final = re.compile(
    # <|im_start|>, also with the wide bars of DeepSeek; <|turn>, <turn|>
    rf"[{_LEFT}]{{1,2}}/?[{_BAR}][^\s{_LEFT}{_RIGHT}]{{1,80}}[{_RIGHT}]{{1,2}}"
    rf"|[{_LEFT}]{{1,2}}[^\s{_LEFT}{_RIGHT}]{{1,80}}[{_BAR}][{_RIGHT}]{{1,2}}"
    # <start_of_turn>, </s>, <<SYS>>
    rf"|[{_LEFT}]{{1,2}}\s?/?\s?(?:{_ANGLED})\s?/?[{_RIGHT}]{{1,2}}"
    # [INST], [|user|]
    rf"|[\[\uff3b]\s?/?(?:{_BRACKETED})\s?[\]\uff3d]"
    rf"|[\[\uff3b][{_BAR}][^\s\[\]]{{1,80}}[{_BAR}][\]\uff3d]"
    # ]~b], [e~[, >>QUESTION<<
    r"|\]~!?[a-z_]{1,12}[\[\]]|\[[a-z]~\[|>>[A-Z_]{3,24}<<",
    re.IGNORECASE,
)
_MARKS: Final = f"[]\uff3b\uff3d~! \t\r\n{_LEFT}{_RIGHT}{_BAR}"


def harmless(text: str) -> str:
    """`text` as a model may be shown it: such marks as `(im_start)`, nothing that is not seen."""
    return _TOKEN.sub(lambda found: f"({found[0].strip(_MARKS)})", visible(text))
