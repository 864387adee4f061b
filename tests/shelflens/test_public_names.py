"""What `import shelflens` promises: every name, and that it costs next to nothing."""

import subprocess
import sys

import pytest

import catalog
import shelflens


def test_every_public_name_is_fetched_from_where_it_is_defined() -> None:
    assert sorted(name for names in shelflens.HOMES.values() for name in names) == sorted(shelflens.__all__)
    for module, names in shelflens.HOMES.items():
        for name in names:
            assert getattr(shelflens, name) is getattr(sys.modules[module], name)
    assert set(shelflens.__all__) <= set(dir(shelflens))
    assert shelflens.__version__ == catalog.__version__


def test_unknown_names_are_refused_as_by_any_module() -> None:
    with pytest.raises(AttributeError, match="module 'shelflens' has no attribute 'Nonsense'"):
        _ = shelflens.Nonsense


def test_importing_the_package_loads_none_of_the_others() -> None:
    code = (
        "import sys, shelflens;"
        "print(sorted({'catalog', 'serving', 'training', 'numpy', 'torch', 'ray'} & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=60)
    assert result.stdout.strip() == "[]"
