"""A body, XML or JSON, as one tree of objects, lists and texts; bounded and safe."""

import json
from collections.abc import Mapping, Sequence
from typing import Any
from xml.parsers import expat

DEPTH_MAX = 24
"""The dialect nests seven deep."""
NODES_MAX = 200_000

Tree = Mapping[str, Any] | Sequence[Any] | str | int | float | bool | None


class NotOpen311Error(ValueError):
    """The body is neither JSON nor XML, such as a page of HTML; the text says why."""


def parse(body: bytes) -> Tree:
    """Read a body by what it is, whatever its declared type.

    An XML element becomes an object of its children, several of one name a list; one
    without children becomes its text. Raises NotOpen311Error, and nothing else.
    """
    head = body.lstrip(b"\xef\xbb\xbf \t\r\n")
    if head[:1] == b"<":
        return _xml(head)
    try:
        tree: Tree = json.loads(head)
    except (ValueError, RecursionError) as error:
        msg = "the body is neither JSON nor XML"
        raise NotOpen311Error(msg) from error
    _measure(tree)
    return tree


class _Builder:
    """Makes the tree out of what the parser tells."""

    def __init__(self) -> None:
        self.stack: list[tuple[str, dict[str, Any], list[str]]] = [("", {}, [])]
        self.nodes = 0

    def start(self, name: str, _: dict[str, str]) -> None:
        self.nodes += 1
        if self.nodes > NODES_MAX or len(self.stack) > DEPTH_MAX:
            msg = "the XML is too large or too deep"
            raise NotOpen311Error(msg)
        self.stack.append((name.rpartition(":")[2], {}, []))

    def end(self, _: str) -> None:
        name, children, texts = self.stack.pop()
        value: Any = children or "".join(texts).strip()
        above = self.stack[-1][1]
        if name not in above:
            above[name] = value
        elif isinstance(above[name], list):
            above[name].append(value)
        else:
            above[name] = [above[name], value]

    def text(self, data: str) -> None:
        self.stack[-1][2].append(data)


def _xml(body: bytes) -> Tree:
    builder = _Builder()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.text
    # Without a document type there are no entities, neither grown nor fetched.
    parser.StartDoctypeDeclHandler = _refuse_doctype
    try:
        parser.Parse(body, True)  # noqa: FBT003 - the signature of expat
    except (expat.ExpatError, LookupError, ValueError) as error:
        if isinstance(error, NotOpen311Error):
            raise
        msg = "the body is no well-formed XML"
        raise NotOpen311Error(msg) from error
    root: Tree = builder.stack[0][1]
    if isinstance(root, dict) and {name.lower() for name in root} == {"html"}:
        msg = "the body is a page of HTML"
        raise NotOpen311Error(msg)
    return root


def _refuse_doctype(*_: object) -> None:
    msg = "the XML has a document type, as pages of HTML do; none is read"
    raise NotOpen311Error(msg)


def _measure(tree: Tree) -> None:
    level: list[Any] = [tree]
    nodes = 0
    for _ in range(DEPTH_MAX):
        nodes += len(level)
        if nodes > NODES_MAX:
            break
        level = [child for one in level for child in _children(one)]
        if not level:
            return
    msg = "the JSON is too large or too deep"
    raise NotOpen311Error(msg)


def _children(one: Any) -> Sequence[Any]:
    if isinstance(one, dict):
        return list(one.values())
    return one if isinstance(one, list) else ()
