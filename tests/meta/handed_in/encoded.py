"""Text in every encoding that an editor, a shell or a web page makes of it, and what is no Python text at all."""

from tests.meta.handed_in import PRACTICE, RELU, HandedIn, module, parcel, shared, unread

_UMLAUT = "# Lösung\n" + RELU
_SAVE = "save it as UTF-8"
_UTF16 = f"error feedforward.py: is UTF-16 text, not UTF-8; {_SAVE}"
_UTF32 = f"error feedforward.py: is UTF-32 text, not UTF-8; {_SAVE}"
_NUL = f"error feedforward.py: has NUL bytes, so it is no text (UTF-16 without its mark?); {_SAVE}"
_BYTE = "error feedforward.py, line {}: is not UTF-8 text (byte {}); " + _SAVE
_SYNTAX = "error feedforward.py, line {}: SyntaxError: {}"
_RAISED = "error KeyError: 'here' (feedforward.py, line 5)"
_RAISES = "import numpy as np\n\n\ndef relu(x):\n    raise KeyError('here')\n"


def _in_vain(name: str, source: str) -> list[HandedIn]:
    """A module without operations: what is practised is not there yet, and what was handed in is refused."""
    files = {"feedforward.py": source}
    return [
        HandedIn(name, files, {"relu": "todo not there yet"}, ways=(PRACTICE,)),
        parcel(
            f"{name}, handed in",
            files,
            "refused defines none of the kata's operations (affine, sigmoid, relu, square_error_loss, tensor_sum, feed_forward, ...)",
        ),
    ]


ROWS = [
    unread("UTF-16 as PowerShell's > writes it", b"\xff\xfe" + _UMLAUT.encode("utf-16-le"), _UTF16),
    module("UTF-8 with a byte order mark, as Notepad saves it", b"\xef\xbb\xbf" + _UMLAUT.encode()),
    shared(
        "of two or four bytes a character",
        unread("UTF-16, big end first", b"\xfe\xff" + _UMLAUT.encode("utf-16-be"), _UTF16),
        unread("UTF-16 without its mark", RELU.encode("utf-16-le"), _NUL),
        unread("UTF-16 without its mark, big end first", RELU.encode("utf-16-be"), _NUL),
        unread("UTF-32", b"\xff\xfe\0\0" + _UMLAUT.encode("utf-32-le"), _UTF32),
        unread("UTF-32, big end first", b"\0\0\xfe\xff" + _UMLAUT.encode("utf-32-be"), _UTF32),
        unread("UTF-16 with CRLF", b"\xff\xfe" + RELU.replace("\n", "\r\n").encode("utf-16-le"), _UTF16),
        unread("a NUL byte in a comment", b"# a\0b\n" + RELU.encode(), _NUL),
        unread("NUL bytes at the end, after a crash of the machine", RELU.encode() + b"\0" * 64, _NUL),
    ),
    shared(
        "of one byte a character, which do not say so",
        unread("Latin-1", _UMLAUT.encode("latin-1"), _BYTE.format(1, "0xf6")),
        unread("Latin-1 further below", (RELU + "\n\n# Lösung\n").encode("latin-1"), _BYTE.format(8, "0xf6")),
        unread("Latin-1 with CRLF", ("# a\r\n# b\r\n# ü\r\n" + RELU).encode("latin-1"), _BYTE.format(3, "0xfc")),
        unread("cp1252 quotes in a comment", b"# \x93ReLU\x94\n" + RELU.encode(), _BYTE.format(1, "0x93")),
        unread("Shift-JIS", ("# 活性化関数\n" + RELU).encode("shift-jis"), _BYTE.format(1, "0x8a")),
        unread("UTF-8 cut off in a character", RELU.encode() + b"# \xe2\x82", _BYTE.format(6, "0xe2")),
        unread(
            "an encoding that there is not",
            "# coding: utf-9\n" + RELU,
            "error feedforward.py, line 1: says that it is utf-9, which Python does not know; save it as UTF-8",
        ),
    ),
    shared(
        "that say what they are",
        module("Latin-1 that says so", ("# -*- coding: latin-1 -*-\n" + _UMLAUT).encode("latin-1")),
        module(
            "Latin-1 that says so for vim, in its second line",
            ("#!/usr/bin/python\n# vim: set fileencoding=latin-1 :\n" + _UMLAUT).encode("latin-1"),
        ),
        module(
            "cp1252 that says so", "# coding: cp1252\nname = '\u201cLösung\u201d'\n".encode("cp1252") + RELU.encode()
        ),
        module("GBK that says so", ("# coding: gbk\n# 激活函数\n" + RELU).encode("gbk")),
        module("UTF-8 that says so", "# -*- coding: utf-8 -*-\n" + _UMLAUT),
    ),
    shared(
        "ends of lines",
        module("CRLF", RELU.replace("\n", "\r\n")),
        module("CR alone", RELU.replace("\n", "\r")),
        module(
            "all three kinds of line ends",
            "import numpy as np\r\n\r\rdef relu(x):\n    return np.maximum(x, 0), lambda gy: gy * (x > 0)\r",
        ),
        module("no line end at the end", RELU.rstrip("\n")),
        module("a form feed between functions, as Emacs has it", RELU.replace("\n\n\n", "\n\n\f\n")),
        module("a line separator of Unicode in a comment", RELU + "# a\u2028b\n"),
    ),
    shared(
        "lines are counted alike",
        module("in CRLF", _RAISES.replace("\n", "\r\n"), _RAISED),
        module("in CR", _RAISES.replace("\n", "\r"), _RAISED),
        module("after a mark", b"\xef\xbb\xbf" + _RAISES.encode(), _RAISED),
        module("after a form feed", _RAISES.replace("\n\n\n", "\n\f\n\n"), _RAISED),
    ),
    shared(
        "characters that are none of Python's",
        unread(
            "a byte order mark in the middle: two files joined",
            "# one\n\ufeff" + RELU,
            _SYNTAX.format(2, "invalid non-printable character U+FEFF"),
        ),
        unread(
            "two byte order marks", "\ufeff\ufeff" + RELU, _SYNTAX.format(1, "invalid non-printable character U+FEFF")
        ),
        unread(
            "Control-Z at the end, as DOS has it",
            RELU + "\x1a",
            _SYNTAX.format(6, "invalid non-printable character U+001A"),
        ),
        unread(
            "non-breaking spaces, from a web page",
            RELU.replace("    return", "\u00a0\u00a0\u00a0\u00a0return"),
            _SYNTAX.format(5, "invalid non-printable character U+00A0"),
        ),
        unread(
            "a zero-width space",
            RELU.replace("np.maximum", "np\u200b.maximum"),
            _SYNTAX.format(5, "invalid non-printable character U+200B"),
        ),
        unread(
            "smart quotes", RELU + "print(\u201cdone\u201d)\n", _SYNTAX.format(6, "invalid character '\u201c' (U+201C)")
        ),
        unread(
            "a typographic minus",
            RELU.replace("x > 0", "x > \u22120"),
            _SYNTAX.format(5, "invalid character '\u2212' (U+2212)"),
        ),
    ),
    shared(
        "characters that are",
        module("tabs", RELU.replace("    ", "\t")),
        module("ligatures in a name", "from math import inf as ﬁn\n" + RELU + "\nassert fin\n"),
        module("an emoji in a comment and a text", RELU + "name = '🙂'  # 🎉\n"),
    ),
    module(
        "full-width letters in a name, which Python takes for plain ones",
        RELU.replace("relu", "\uff52\uff45\uff4c\uff55"),
    ),
    module("Greek names", RELU.replace("x", "ξ").replace("maξimum", "maximum").replace("gy", "δ")),
    *_in_vain("nothing at all", ""),
    *_in_vain("only a comment", "# I did not manage it.\n"),
    shared(
        "no Python",
        unread(
            "tabs and spaces",
            "import numpy as np\n\n\ndef relu(x):\n\ty = np.maximum(x, 0)\n        return y, lambda gy: gy * (x > 0)\n",
            "error feedforward.py, line 6: TabError: inconsistent use of tabs and spaces in indentation",
        ),
        unread(
            "a line that is indented by one space more",
            "import numpy as np\n\n\ndef relu(x):\n    y = np.maximum(x, 0)\n     return y, lambda gy: gy * (x > 0)\n",
            "error feedforward.py, line 6: IndentationError: unexpected indent",
        ),
        unread("the fence of a chat's answer", "```python\n" + RELU + "```\n", _SYNTAX.format(1, "invalid syntax")),
        unread(
            "the marks of a merge",
            "<<<<<<< HEAD\n" + RELU + "=======\n>>>>>>> main\n",
            _SYNTAX.format(1, "invalid syntax"),
        ),
        unread("the prompt of a session", ">>> import numpy as np\n" + RELU, _SYNTAX.format(1, "invalid syntax")),
        unread(
            "Python 2",
            RELU + "print 'done'\n",
            _SYNTAX.format(6, "Missing parentheses in call to 'print'. Did you mean print(...)?"),
        ),
        unread("a magic in a .py file", "%matplotlib inline\n" + RELU, _SYNTAX.format(1, "invalid syntax")),
    ),
]
