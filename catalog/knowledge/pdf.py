"""The text of a PDF, page by page. pypdf reads it in a process of its own, with a limit of time and of memory, since a
few bytes of a PDF can ask for hours and gigabytes.
"""

import json
import subprocess
import sys
from importlib.util import find_spec

from catalog.errors import ConfigInvalid, DocumentDamaged, DocumentTooLarge, installing
from catalog.knowledge.document import MAX_LETTERS, MAX_PAGES

SECONDS = 20
MEMORY_BYTES = 1 << 30
TOO_LARGE, DAMAGED = 3, 4  # exit codes of the process


def pages_of(content: bytes) -> list[str]:
    """Raises DocumentDamaged, DocumentTooLarge, or ConfigInvalid where pypdf is not installed."""
    if find_spec("pypdf") is None:
        raise ConfigInvalid(f"pypdf is not installed. {installing('documents')}")
    command = [sys.executable, "-m", "catalog.knowledge.pdf"]
    try:
        done = subprocess.run(command, input=content, capture_output=True, timeout=2 * SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise DocumentTooLarge("Reading the PDF takes too long.") from None
    if done.returncode == TOO_LARGE:
        raise DocumentTooLarge(f"The PDF has more than {MAX_PAGES} pages, or too much text.")
    if done.returncode:
        raise DocumentDamaged
    pages: list[str] = json.loads(done.stdout)
    return pages


def main() -> int:
    """Standard input -> the texts of the pages as JSON."""
    import io
    import logging
    import resource

    from pypdf import PdfReader

    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    logging.disable(logging.CRITICAL)
    try:
        reader = PdfReader(io.BytesIO(sys.stdin.buffer.read()))
        if len(reader.pages) > MAX_PAGES:
            return TOO_LARGE
        pages, letters = list[str](), 0
        for page in reader.pages:
            pages.append(page.extract_text())
            letters += len(pages[-1])
            if letters > MAX_LETTERS:
                return TOO_LARGE
    except MemoryError:
        return TOO_LARGE
    except Exception:  # a hostile file can make pypdf raise anything
        return DAMAGED
    json.dump(pages, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
