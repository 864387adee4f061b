"""What `import catalog` promises."""

import subprocess
import sys

import pytest

import catalog
import catalog.understand


def test_names() -> None:
    assert sorted(catalog.__all__) == [
        "CatalogError",
        "CategoryScore",
        "Product",
        "Scored",
        "Understander",
        "Understanding",
    ]
    for name in catalog.__all__:
        assert getattr(catalog, name).__name__ == name


def test_the_understander_is_the_real_one() -> None:
    assert catalog.Understander is catalog.understand.Understander


def test_unknown_names_are_refused_as_by_any_module() -> None:
    with pytest.raises(AttributeError, match="module 'catalog' has no attribute 'Nonsense'"):
        _ = catalog.Nonsense


def test_importing_the_package_loads_no_model_library() -> None:
    code = (
        "import sys, catalog, shelflens.cli; print(sorted({'torch', 'timm', 'transformers', 'ray'} & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert result.stdout.strip() == "[]"
