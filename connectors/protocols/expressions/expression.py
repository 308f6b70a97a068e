"""One expression: compiled once a thread, bounded in time, depth and output."""

import json
import re
import sys
import threading
from typing import Any

import re2
from jsonata import Jsonata
from jsonata.jexception import JException
from jsonata.regex_engine import CompiledPattern, RegexFlags

from connectors.protocols.expressions import before

sys.setrecursionlimit(before.RECURSION_LIMIT)

SECONDS_MAX = 0.5
DEPTH_MAX = 100
OUTPUT_BYTES_MAX = 5_000_000
CHARACTERS_MAX = 20_000
_EVAL = re.compile(r"\$eval\b")


class ExpressionError(ValueError):
    """An expression cannot be compiled or evaluated.

    The text says where and what to do, and holds nothing of the data.
    """

    def __init__(self, why: str, *, position: int | None = None) -> None:
        place = "" if position is None else f" at character {position}"
        super().__init__(f"{why}{place}")
        self.why = why
        self.position = position
        """Characters from the beginning; None where no place is to blame."""


class Expression:
    """A compiled expression; safe for many threads."""

    def __init__(self, text: str) -> None:
        """Compile it; raises ExpressionError."""
        self.text = text
        if len(text) > CHARACTERS_MAX:
            msg = f"the expression is longer than {CHARACTERS_MAX} characters"
            raise ExpressionError(msg)
        if _EVAL.search(text):
            # What it runs would have none of the bounds.
            msg = "$eval is not allowed: write the expression out"
            raise ExpressionError(msg)
        # The library keeps the state of an evaluation in the compiled expression.
        self._compiled = threading.local()
        self._compiled.one = _compile(text)

    def __repr__(self) -> str:
        return f"Expression({self.text!r})"

    def evaluate(self, data: Any) -> Any:
        """Return what it makes of JSON data; None where it makes nothing.

        Pure but for `$now`, `$millis` and `$random`. Raises ExpressionError.
        """
        compiled: Any = getattr(self._compiled, "one", None)
        if compiled is None:
            compiled = self._compiled.one = _compile(self.text)
        # The library's clock of the time limit starts here, not at the evaluation.
        compiled.environment.set_runtime_bounds(int(SECONDS_MAX * 1000), DEPTH_MAX)
        try:
            # Without bindings, what it assigns would be there the next time.
            value = compiled.evaluate(data, {})
            written = json.dumps(value)
        except JException as error:
            raise _named(error, "cannot be evaluated") from None
        except RecursionError:
            msg = "the expression goes too deep"
            raise ExpressionError(msg) from None
        except Exception as error:  # noqa: BLE001 - the library raises what it likes
            # The text of the error may hold data.
            msg = f"the expression failed ({type(error).__name__}) or gives no JSON"
            raise ExpressionError(msg) from None
        if len(written) > OUTPUT_BYTES_MAX:
            msg = f"the expression gives more than {OUTPUT_BYTES_MAX} bytes"
            raise ExpressionError(msg)
        # Reading it back also parts it from the data and the library's own types.
        return json.loads(written)


def _compile(text: str) -> Any:
    try:
        return Jsonata(text, regex_engine=_re2)
    except JException as error:
        raise _named(error, "is not JSONata") from None
    except ExpressionError:
        raise
    except Exception as error:
        msg = f"the expression is not JSONata ({type(error).__name__})"
        raise ExpressionError(msg) from error


def compile_pattern(
    pattern: str, *, case_insensitive: bool = False, multiline: bool = False
) -> CompiledPattern:
    """Compile a pattern whose time is linear in the text; raises ExpressionError."""
    options = re2.Options()
    options.case_sensitive = not case_insensitive
    options.log_errors = False
    if multiline:
        pattern = f"(?m){pattern}"
    try:
        compiled: CompiledPattern = re2.compile(pattern, options)
    except re2.error as error:
        msg = "a regular expression is not RE2: no look-around, no back-references"
        raise ExpressionError(msg) from error
    return compiled


def _re2(pattern: str, flags: RegexFlags) -> CompiledPattern:
    return compile_pattern(
        pattern,
        case_insensitive=flags.case_insensitive,
        multiline=flags.multiline,
    )


_WHY = {
    "D1011": "goes too deep: end its recursion",
    "D1012": f"takes longer than {SECONDS_MAX} seconds: make it simpler",
    "D3137": "stops itself by $error",
    "S0207": "ends too early: a bracket or a value is missing",
}


def _named(error: JException, what: str) -> ExpressionError:
    why = _WHY.get(error.error, what)
    position = error.location if error.location and error.location > 0 else None
    return ExpressionError(f"the expression {why} ({error.error})", position=position)
