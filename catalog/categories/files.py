"""Text files of categories, in whatever encoding, and in several languages."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from catalog.errors import FileNotReadable, TaxonomyInvalid
from catalog.feeds.encodings.recognise import encoding_of
from catalog.feeds.encodings.streams import as_utf8

MAX_MEGABYTES = 256
Found = TypeVar("Found")


def read_text(path: Path) -> str:
    """Raises FileNotReadable, FeedEncodingInvalid where the encoding is not certain, TaxonomyInvalid."""
    try:
        if path.stat().st_size > MAX_MEGABYTES * 1_000_000:
            raise TaxonomyInvalid(f"{path.name} is larger than {MAX_MEGABYTES} MB, so it is no category tree.")
        encoding = encoding_of(lambda: path.open("rb"))
        with as_utf8(path.open("rb"), encoding) as stream:
            return stream.read().decode().removeprefix("\ufeff")
    except OSError:
        raise FileNotReadable(f"{path.name!r} does not exist or cannot be read.") from None
    except UnicodeDecodeError:
        raise TaxonomyInvalid(f"{path.name} is not valid UTF-8. Save it as UTF-8.") from None


def chosen(found: Mapping[str, Found], languages: Sequence[str]) -> dict[str, Found]:
    """language -> what there is in it, the language of the labels first: English unless others are asked for.

    Raises TaxonomyInvalid for a language that is not there.
    """
    for language in languages:
        if language not in found:
            raise TaxonomyInvalid(f"There are no names in {language!r}, only in {', '.join(sorted(found))}.")
    order = languages or sorted(found, key=lambda language: (not language.startswith("en"), language))
    return {language: found[language] for language in order}


def chinese(languages: Sequence[str]) -> str | None:
    """The language of the Chinese labels: simplified before traditional."""
    return min((language for language in languages if language.startswith("zh")), default=None)
