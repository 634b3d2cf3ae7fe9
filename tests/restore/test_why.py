"""docs/why.md has a row for each case that is measured, no other, and no empty cell."""

import test_clone  # noqa: F401 -- importing them says what they measure
import test_refusals  # noqa: F401
import why


def test_each_case_has_a_row_and_each_row_a_case() -> None:
    cases = [row.id for row in why.rows()]
    assert sorted(cases) == sorted(why.measured)


def test_no_cell_is_empty() -> None:
    for row in why.rows():
        cells = dict(zip(row.columns, row.cells, strict=True))
        assert [name for name, cell in cells.items() if not cell] == [], row.id
