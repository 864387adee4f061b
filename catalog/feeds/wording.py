"""A user's own words inside a message of ours."""


def brief(words: str, most: int = 40) -> str:
    """On one line and short, with a mark in place of what cannot be shown."""
    clean = "".join(letter if letter.isprintable() else "�" for letter in words[: most + 1])
    return f"{clean[:most]}…" if len(clean) > most else clean
