"""YAML with line numbers and without silent duplicates."""

import re
from dataclasses import dataclass, field
from urllib.parse import quote

import yaml
from typing_extensions import override

from vision.config.problems import Problem

Path = tuple[str | int, ...]
Tree = dict[str, "Tree"] | list["Tree"] | str | int | float | bool | None

_MERGE_LIMIT = 20_000  # nodes; an alias bomb is a mistake, not a configuration
_SHOWN = 60  # characters of a wrong value that are repeated in a message
_DEEPEST = 32  # levels; an alias may hold itself
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
# What was meant so: `${NAME` without its end, `$NAME` of a variable that is set.
_NO_VARIABLE = re.compile(
    r"(?P<open>\$\{(?![A-Za-z_][A-Za-z0-9_]*\})\w*)|\$(?P<bare>[A-Z][A-Z0-9_]{3,})"
)
_BEFORE_LOGIN = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/@]*")
_AFTER_LOGIN = re.compile(r"[^/]*@")
# RFC 3986, 3.2.1: what may stand before the @ of an address as it is.
_LOGIN_SAFE = "!$&'()*+,;=:"
_LOGIN = re.compile(rf"(?:[A-Za-z0-9._~{_LOGIN_SAFE}-]|%[0-9A-Fa-f]{{2}})*")


@dataclass(slots=True)
class YamlTree:
    """A parsed file: plain values, where each stands, and what is wrong with it.

    Attributes:
        root: mappings, lists and scalars.
        lines: line of each dotted path, from 1.
        problems: duplicate keys, and variables that are unset or written wrongly.
    """

    root: Tree = None
    lines: dict[Path, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def line_of(self, path: Path) -> int | None:
        """Return the line of a path, or of its nearest ancestor that is written."""
        for end in range(len(path), 0, -1):
            if path[:end] in self.lines:
                return self.lines[path[:end]]
        return None


def parse(text: str, *, environment: dict[str, str]) -> YamlTree:
    """Parse YAML.

    Args:
        text: the file's content.
        environment: values for `${NAME}` inside scalars, so that secrets need not
            stand in the file.

    Returns:
        The tree; its `problems` hold everything that can be said without a schema.

    Raises:
        yaml.YAMLError: not YAML at all.
    """
    tree = YamlTree()
    node = yaml.compose(text, Loader=_Shallow)
    if node is not None:
        reader = _Reader(tree, environment)
        tree.root = reader.value(node, ())
    return tree


class _Shallow(yaml.SafeLoader):
    """Stops at a depth that no configuration has.

    YAML's scanner looks a thousand characters ahead and at each asks every bracket
    that is open; then its composer goes so deep that Python gives up.
    """

    @override
    def fetch_flow_collection_start(self, TokenClass: type[yaml.Token]) -> None:
        self._require_shallow()
        super().fetch_flow_collection_start(TokenClass)

    @override
    def add_indent(self, column: int) -> bool:
        self._require_shallow()
        return super().add_indent(column)

    def _require_shallow(self) -> None:
        if self.flow_level + len(self.indents) > _DEEPEST:
            line = self.get_mark().line + 1
            msg = (
                f"line {line}: nested deeper than {_DEEPEST} levels; "
                "is it a configuration?"
            )
            raise yaml.YAMLError(msg)


class _Reader:
    def __init__(self, tree: YamlTree, environment: dict[str, str]) -> None:
        self._tree = tree
        self._environment = environment
        self._nodes = 0
        self._scalars = yaml.constructor.SafeConstructor()

    def value(self, node: yaml.Node, path: Path) -> Tree:
        self._nodes += 1
        if self._nodes > _MERGE_LIMIT:
            line = node.start_mark.line + 1
            msg = f"line {line}: more than {_MERGE_LIMIT} values; use fewer aliases"
            raise yaml.YAMLError(msg)
        if len(path) > _DEEPEST:
            line = node.start_mark.line + 1
            msg = f"line {line}: deeper than {_DEEPEST} levels; an alias of itself?"
            raise yaml.YAMLError(msg)
        self._tree.lines.setdefault(path, node.start_mark.line + 1)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(child, (*path, i)) for i, child in enumerate(node.value)]
        return self._scalar(node, path)

    def _mapping(self, node: yaml.MappingNode, path: Path) -> Tree:
        mapping: dict[str, Tree] = {}
        for key_node, value_node in node.value:
            key = str(key_node.value)
            here = (*path, key)
            line = key_node.start_mark.line + 1
            if key in mapping:
                first = self._tree.lines[here]
                self._problem(
                    here,
                    line,
                    "the key a second time",
                    f"expected each key once (first on line {first})",
                )
                continue
            self._tree.lines[here] = line
            mapping[key] = self.value(value_node, here)
        return mapping

    def _scalar(self, node: yaml.Node, path: Path) -> Tree:
        try:
            plain = self._scalars.construct_object(node)
        except (ValueError, ArithmeticError):  # 2026-13-45 looks like a date
            got = str(node.value)[:_SHOWN]
            expected = (
                "it looks like a number or date and is none; quote it if it is text"
            )
            self._problem(path, node.start_mark.line + 1, got, expected)
            return None
        if not isinstance(plain, str):
            return plain if isinstance(plain, (int, float)) else _text(plain)

        for slip in _NO_VARIABLE.finditer(plain):
            if slip["open"] or slip["bare"] in self._environment:
                self._problem(
                    path,
                    node.start_mark.line + 1,
                    slip.group(),
                    "expected ${NAME} for what the environment variable NAME holds",
                )

        def variable(match: re.Match[str]) -> str:
            name = match.group(1)
            if name not in self._environment:
                self._problem(
                    path,
                    node.start_mark.line + 1,
                    f"${{{name}}}, which is not set",
                    f"set the environment variable {name}",
                )
                return match.group()
            value = self._environment[name]
            return _login(value) if _in_login(match) else value

        return _VARIABLE.sub(variable, plain)

    def _problem(self, path: Path, line: int, got: str, expected: str) -> None:
        dotted = ".".join(str(part) for part in path)
        self._tree.problems.append(Problem(dotted, line, got, expected))


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _in_login(match: re.Match[str]) -> bool:
    """Tell whether a variable stands for a user or password inside an address."""
    before, after = match.string[: match.start()], match.string[match.end() :]
    return bool(_BEFORE_LOGIN.fullmatch(before) and _AFTER_LOGIN.match(after))


def _login(value: str) -> str:
    """Write a password so that it may stand in an address; leave it if it may already.

    Nobody should have to know that `p#ss` must be written `p%23ss` there.
    """
    return value if _LOGIN.fullmatch(value) else quote(value, safe=_LOGIN_SAFE)
