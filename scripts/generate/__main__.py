"""Writes the generated parts of docs/ and of clients/: `python -m scripts.generate`, which `scripts/docs --generate`
calls.
"""

from pathlib import Path

from scripts.generate import javascript
from scripts.generate.diagram import draw
from scripts.generate.reference import pages

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"


def generated() -> dict[Path, str]:
    """Path -> content of every generated file."""
    reference = {DOCS / "reference" / name: text for name, text in pages().items()}
    return {DOCS / "architecture.svg": draw(), **reference, **javascript.files()}


if __name__ == "__main__":
    for path, content in generated().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
        print(path.relative_to(ROOT))
