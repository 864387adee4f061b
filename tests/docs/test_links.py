"""Documents name only what exists: every relative link, and every path of a module or folder in backquotes."""

import re
from pathlib import Path

import pytest

from scripts.generate.site_links import rewritten

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").glob("*.md")]
)
LINK = re.compile(r"\]\((?!\w+:)([^)#\s]*)(#[^)\s]*)?\)")
PATH = re.compile(
    r"`((?:catalog|serving|training|shelflens|tests|examples|scripts|benchmarks|configs|deploy)/[\w./-]+)`"
)
# Read by `path:line`, by a glob, or of a time that is past.
HISTORY = ("CHANGELOG.md", "docs/log.md")


def anchors(text: str) -> set[str]:
    """As GitHub makes them of headings."""
    headings = re.findall(r"^#+ (.+)$", re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_somewhere(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    broken = []
    for target, anchor in LINK.findall(text):
        path = (ROOT / page).parent / target if target else ROOT / page
        if not path.exists() or (
            anchor and path.suffix == ".md" and anchor[1:] not in anchors(path.read_text(encoding="utf-8"))
        ):
            broken.append(target + anchor)
    assert broken == []


@pytest.mark.parametrize("page", [page for page in PAGES if page not in HISTORY])
def test_every_path_exists(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    assert [path for path in PATH.findall(text) if not (ROOT / path).exists()] == []


def test_every_decision_is_listed() -> None:
    folder = ROOT / "docs" / "decisions"
    index = (folder / "index.md").read_text(encoding="utf-8")
    for path in sorted(folder.glob("0*.md")):
        title = path.read_text(encoding="utf-8").splitlines()[0].removeprefix("# ")
        assert f"[{title}]({path.name})" in index


def test_the_site_drops_links_to_code_and_keeps_its_own() -> None:
    text = "[code](../catalog/errors.py), [log](../docs/log.md#x), [guide](guide.md), ![image](../assets/x.png)"
    kept = "[log](../docs/log.md#x), [guide](guide.md), ![image](../assets/x.png)"
    assert rewritten(text, "catalog.md") == f"code, {kept}"
    assert rewritten("[catalog/errors.py](../catalog/errors.py)", "catalog.md") == "`catalog/errors.py`"
    assert rewritten(text, "catalog.md", "https://host.example/s/").startswith(
        "[code](https://host.example/s/blob/main/catalog/errors.py), "
    )
