"""The drawn trees of errors are the classes, and every code follows from its class's name."""

import re
from collections.abc import Iterator
from types import ModuleType

import pytest

import catalog.errors
import serving.errors
from catalog.errors import CatalogError, DiskFull, IndexFailed, translating
from serving.client import errors as client_errors

MODULES = [catalog.errors, serving.errors, client_errors]


def drawn(module: ModuleType) -> dict[str, tuple[str, str]]:
    """Class -> its parent and the code that the tree gives it, "" where it follows from the name."""
    text = re.sub(r"\n {4}[│ ]* {7}(?=[A-Z])", " ", module.__doc__ or "")  # a list that goes on in the next line
    found: dict[str, tuple[str, str]] = {}
    above: list[str] = []
    for line in text.splitlines():
        item = re.match(r"( {4}(?:[│ ]   )*(?:[├└]── )?)([A-Z]\w+)", line)
        if item is None:
            continue
        depth = (len(item[1]) - 4) // 4
        above[depth:] = [item[2]]
        head, _, children = line[item.end(1) :].partition(": ")
        if depth:
            found[item[2]] = (above[depth - 1], code(head))
        for child in filter(None, (each.strip() for each in children.split(","))):
            found[child.split()[0]] = (item[2], code(child))
    return found


def code(text: str) -> str:
    given = re.search(r"\[(\w+)\]", text)
    return given[1] if given else ""


def defined(module: ModuleType, kind: type[CatalogError] = CatalogError) -> Iterator[type[CatalogError]]:
    for error in kind.__subclasses__():
        if error.__module__ == module.__name__:
            yield error
        yield from defined(module, error)


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_the_tree_of_a_docstring_is_the_classes_below_it(module: ModuleType) -> None:
    assert module.__doc__ is not None
    tree = drawn(module)
    classes = {error.__name__: error for error in defined(module)}
    assert {name: error.__bases__[0].__name__ for name, error in classes.items()} == {
        name: parent for name, (parent, _) in tree.items() if name in classes
    }
    assert {name for name in tree if name not in classes} <= {"ImageInvalid"}  # drawn twice: it has children in serving
    by_rule = {name: re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower() for name in classes}
    assert {name: error.code for name, error in classes.items()} == {
        name: tree[name][1] or by_rule[name] for name in classes
    }


def test_two_errors_share_a_code_only_where_the_tree_says_so() -> None:
    codes = [error.code for module in MODULES for error in defined(module)]
    assert sorted(code for code in codes if codes.count(code) > 1) == ["state_damaged", "state_damaged"]


def test_a_translated_exception_hides_its_cause_unless_it_is_kept() -> None:
    def meaning(error: BaseException) -> CatalogError | None:
        return DiskFull() if isinstance(error, OSError) else None

    @translating(meaning)
    def write() -> None:
        raise OSError("/a/path")

    with pytest.raises(DiskFull, match="disk is full") as hidden:
        write()
    assert hidden.value.__cause__ is None
    assert hidden.value.__suppress_context__
    with pytest.raises(DiskFull, match="disk is full") as kept, translating(meaning, keep_cause=True):
        raise OSError("/a/path")
    assert isinstance(kept.value.__cause__, OSError)


def test_what_has_no_meaning_and_what_is_ours_pass_a_translation() -> None:
    for error in (KeyError("k"), IndexFailed("ours"), KeyboardInterrupt()):
        with pytest.raises(type(error)) as passed, translating(lambda _: None):
            raise error
        assert passed.value is error
