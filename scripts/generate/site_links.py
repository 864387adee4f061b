"""A hook of mkdocs: what links from docs/ to the rest of the repository is shown as its text, as the site has no code.

With `repo_url` in mkdocs.yml such a link leads there instead.
"""

import posixpath
import re
from typing import Any

LINK = re.compile(r"(?<!!)\[(?P<text>[^\]]*)\]\((?P<target>(?!\w+:)[^)#\s]+)(?P<anchor>#[^)\s]*)?\)")

PATH = re.compile(r"[\w.-]+/[\w./-]*|\w+\.\w+")


def on_page_markdown(markdown: str, *, page: Any, config: Any, files: Any) -> str:
    """Called by mkdocs for each page. Its links are relative to its own folder."""
    return rewritten(markdown, page.file.src_uri, config.repo_url or "")


def rewritten(markdown: str, source: str, repository: str = "") -> str:
    """source: the page's path below docs/; repository: its address, without which such links have none."""

    def replace(link: re.Match[str]) -> str:
        path = posixpath.normpath(posixpath.join("docs", posixpath.dirname(source), link["target"]))
        if path.startswith("docs/") or path == "docs":
            return link[0]
        if not repository:
            return f"`{link['text']}`" if PATH.fullmatch(link["text"]) else link["text"]
        return f"[{link['text']}]({repository.rstrip('/')}/blob/main/{path}{link['anchor'] or ''})"

    return LINK.sub(replace, markdown)
