"""The comments of values.yaml are the only text about values: the table in the chart's README and
the descriptions in values.schema.json are made from them."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

import yaml
from chart import CHART

VALUES = CHART / "values.yaml"
SCHEMA = CHART / "values.schema.json"
README = CHART / "README.md"
BEGIN = "<!-- values: made from values.yaml -->\n"
END = "<!-- end of values -->\n"


@dataclass
class Row:
    path: str
    default: object
    text: str


def comment_above(lines: list[str], line: int) -> str:
    """The comment block that ends right above a line, as one line of text."""
    words: list[str] = []
    while line > 0 and lines[line - 1].lstrip().startswith("# "):
        line -= 1
        words.insert(0, lines[line].lstrip().removeprefix("# "))
    return " ".join(words)


def rows() -> list[Row]:
    """Each value with a comment; what lies below such a value is its default, not a row."""
    text = VALUES.read_text()
    lines = text.splitlines()

    def walk(node: yaml.MappingNode, prefix: str) -> Iterator[Row]:
        for key, value in node.value:
            path = f"{prefix}{key.value}"
            comment = comment_above(lines, key.start_mark.line)
            if comment:
                yield Row(path, yaml.SafeLoader("").construct_document(value), comment)
            elif isinstance(value, yaml.MappingNode) and value.value:
                yield from walk(value, f"{path}.")
            else:
                raise AssertionError(f"values.yaml: {path} has no comment")

    return list(walk(yaml.compose(text), ""))


def table() -> str:
    lines = ["| value | default | meaning |", "|---|---|---|"]
    for row in rows():
        default = json.dumps(row.default, ensure_ascii=False)
        cells = (f"`{row.path}`", f"`{default}`", row.text)
        lines.append("| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def readme() -> str:
    """The README as it should be."""
    head, begin, rest = README.read_text().partition(BEGIN)
    _, end, tail = rest.partition(END)
    assert begin and end, f"{README} has lost its marks"
    return head + BEGIN + table() + END + tail


def schema_node(schema: dict, path: str) -> dict:
    for key in path.split("."):
        schema = schema["properties"][key]
    return schema


def schema() -> str:
    """The schema with the descriptions as they should be."""
    tree = json.loads(SCHEMA.read_text())
    for row in rows():
        node = schema_node(tree, row.path)
        node["description"] = row.text
    return json.dumps(tree, indent=2, ensure_ascii=False) + "\n"
