"""Bring a lesson that has been improved into a learner's copy of it, and lose nothing of theirs.

Three notebooks are compared, cell by cell: the lesson as it was given (`base`), the learner's
copy of it (`mine`), and the lesson as it is now (`new`). A cell is known by its id.
"""

import copy
import json
import re

CHECK = re.compile(r'\bcheck\("(\d\d\.\d+)"')  # an exercise's number
NOTE = "*You have changed the cell above, and so has the course. Yours is kept. The new one:*"

Cell = Notebook = (
    dict  # as their file has them, but for a cell's "source", which is one string
)
Cells = dict[str, Cell]  # by id, in the order of the notebook


def loads(text: str) -> Notebook:
    """Raises ValueError for what is no notebook. (To import nbformat takes a second.)"""
    try:
        notebook = json.loads(text)
        for cell in notebook["cells"]:
            cell["source"] = "".join(cell["source"])
            cell["cell_type"].strip()
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError(f"no notebook: {error!r}") from error
    return notebook


def dumps(notebook: Notebook) -> str:
    """As Jupyter writes it."""
    notebook = copy.deepcopy(notebook)
    for cell in notebook["cells"]:
        cell["source"] = cell["source"].splitlines(keepends=True)
    return json.dumps(notebook, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def same_texts(one: Notebook, other: Notebook) -> bool:
    """Whatever their outputs are, and their ids."""
    pairs = zip(one["cells"], other["cells"], strict=False)
    return len(one["cells"]) == len(other["cells"]) and all(
        _same(*pair) for pair in pairs
    )


def cleared(notebook: Notebook) -> Notebook:
    """Without outputs, which would answer the lesson's questions before they are asked."""
    notebook = copy.deepcopy(notebook)
    notebook["metadata"].pop("code_sha256", None)
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cell["outputs"], cell["execution_count"] = [], None
    return notebook


def merge(base: Notebook, mine: Notebook, new: Notebook) -> Notebook:
    """The cells of `new`, in its order, with all that the learner has written since `base`.

    - What the learner didn't touch is as in `new`; it keeps its outputs where its text stays.
    - A cell that the learner changed, or added, is kept. If `new` changed it too, the new one
      follows below it; but if only the exercise has another number now, the answer gets it.
    - A cell that the learner removed stays removed, unless `new` changed it.

    None of the three is changed. Merged once more with the same `new`, nothing changes.
    """
    taken = {
        cell.get("id") for notebook in (base, mine, new) for cell in notebook["cells"]
    }
    given, now = _by_id(base), _by_id(new)
    own = _recognised(mine, given, now, taken)
    result, twice = {}, {}
    for name, cell in now.items():
        was, here = given.get(name), own.get(name)
        unchanged = was is not None and _same(was, cell)
        if here is None:
            if not unchanged:
                result[name] = cell
        elif unchanged or _same(here, cell):
            result[name] = here
        elif was is not None and _same(was, here):
            result[name] = cell
        elif was is not None and _same(_renumbered(was, was, cell), cell):
            result[name] = _renumbered(here, was, cell)
        else:
            result[name], twice[name] = here, cell

    order = list(result)
    above = None
    for name, cell in own.items():
        touched = name not in given or not _same(given[name], cell)
        if name not in result and touched:  # only the learner has it
            result[name] = cell
            order.insert(order.index(above) + 1 if above else 0, name)
        if name in result:
            above = name

    merged = copy.deepcopy(mine)
    merged |= {"nbformat": 4, "nbformat_minor": 5, "cells": []}
    for name in order:
        merged["cells"].append(_with_id(result[name], name))
        if name in twice and not _is_in(twice[name], result):
            note = {"cell_type": "markdown", "metadata": {}, "source": NOTE}
            merged["cells"].append(_with_id(note, _free(name, taken)))
            merged["cells"].append(_with_id(twice[name], _free(name, taken)))
    return merged


def _same(one: Cell, other: Cell) -> bool:
    """Editors differ in whether they keep white space at a cell's end."""
    kinds = one["cell_type"] == other["cell_type"]
    return kinds and one["source"].rstrip() == other["source"].rstrip()


def _renumbered(cell: Cell, was: Cell, new: Cell) -> Cell:
    """`cell` with the number that the exercise of `was` has in `new`."""
    old, now = (set(CHECK.findall(each["source"])) for each in (was, new))
    if len(old) != 1 or len(now) != 1:
        return cell
    number, other = *old, *now
    source = cell["source"].replace(f'check("{number}"', f'check("{other}"')
    return cell | {"source": source}


def _by_id(notebook: Notebook) -> Cells:
    return {
        cell.get("id", f"cell-{i}"): cell for i, cell in enumerate(notebook["cells"])
    }


def _is_in(cell: Cell, cells: Cells) -> bool:
    return any(_same(cell, other) for other in cells.values())


def _recognised(mine: Notebook, given: Cells, now: Cells, taken: set[str]) -> Cells:
    """The learner's cells, each under the id of the lesson's cell that it is.

    A cell that was cut and pasted, or went through an editor that makes its own ids, is known
    by its text.
    """
    kept = {cell.get("id") for cell in mine["cells"]}
    lost = [item for item in [*given.items(), *now.items()] if item[0] not in kept]
    own = {}
    for cell in mine["cells"]:
        name = cell.get("id")
        if name not in given and name not in now:
            found = [n for n, other in lost if n not in own and _same(other, cell)]
            name = found[0] if found else name
        if name is None or name in own:  # some editors give an id twice
            name = _free(name or "mine", taken)
        own[name] = cell
    return own


def _free(name: str, taken: set[str]) -> str:
    """An id that no cell has; of at most 64 letters, as the format asks."""
    number = 2
    while f"{name[:56]}-{number}" in taken:
        number += 1
    taken.add(f"{name[:56]}-{number}")
    return f"{name[:56]}-{number}"


def _with_id(cell: Cell, name: str) -> Cell:
    return copy.deepcopy(cell) | {"id": name}
