"""Matches of a pattern, looked for only where they can begin: a regular expression that begins with alternatives is
tried at every letter otherwise.
"""

import re
from collections.abc import Iterator


def scanned(pattern: re.Pattern[str], starts: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    """What pattern.finditer finds, if `starts` matches wherever the pattern can. The pattern matches no empty text."""
    end = 0
    for start in starts.finditer(text):
        if start.start() >= end and (one := pattern.match(text, start.start())):
            end = one.end()
            yield one
