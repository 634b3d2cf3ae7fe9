"""The tables of docs/why.md: what each case came to, held by the tests that measure it.

A row begins with the id of its case, a column is named as an entry point. A cell says what was
measured, and in how many seconds; the seconds are those of the day it was written. UPDATE_DOCS=1 in
front of the tests writes the cells anew.
"""

import functools
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from helpers import ROOT

PAGE = ROOT / "docs/why.md"
ID = re.compile(r"`([a-z0-9-]+)`")
SECONDS = re.compile(r" \(\d+ s\)$")

measured: set[str] = set()  # by the tests that were collected
held: list[str] = []  # by the tests that ran


@dataclass
class Row:
    line: int
    columns: list[str]
    cells: list[str]

    @property
    def id(self) -> str:
        match = ID.fullmatch(self.cells[0])
        return match[1] if match else ""


def rows() -> Iterator[Row]:
    """The rows of all tables that have a case."""
    columns: list[str] = []
    for number, text in enumerate(PAGE.read_text().splitlines()):
        if not text.startswith("|"):
            columns = []
            continue
        cells = [cell.strip() for cell in text.strip("|").split("|")]
        columns = columns or cells
        row = Row(number, columns, cells)
        if row.id and columns[0] == "case":
            yield row


def measures(*cases: str) -> Callable:
    """Says of a test which rows it holds; it fails when it holds none."""

    def decorate(test: Callable) -> Callable:
        @functools.wraps(test)
        def wrapped(*words: object, **names: object) -> None:
            before = len(held)
            test(*words, **names)
            assert len(held) > before, f"{test.__name__} held no row of {PAGE.name}"

        measured.update(cases)
        return wrapped

    return decorate


def hold(case: str, column: str, outcome: str, seconds: float) -> None:
    """Compares what was measured with what the page says, or writes it there."""
    assert case in measured, case
    held.append(case)
    row = next((it for it in rows() if it.id == case), None)
    assert row, f"{PAGE}: no row `{case}`"
    if not any(column in it.columns for it in rows()):  # versions that the page does not have
        print(f"{case}, {column}: {outcome} ({seconds:.0f} s)")
        return
    place = row.columns.index(column)
    if os.environ.get("UPDATE_DOCS"):
        row.cells[place] = f"{outcome} ({max(seconds, 1):.0f} s)"
        lines = PAGE.read_text().splitlines()
        lines[row.line] = f"| {' | '.join(row.cells)} |"
        PAGE.write_text("\n".join(lines) + "\n")
        return
    said = SECONDS.sub("", row.cells[place])
    place_of_it = f"{PAGE}:{row.line + 1}: `{case}`, {column}"
    assert said == outcome, f"{place_of_it}: measured '{outcome}'; UPDATE_DOCS=1 writes it"
