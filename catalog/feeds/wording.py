"""A user's own words inside a message of ours."""


def brief(text: str, limit: int = 40) -> str:
    """On one line and short, with a mark in place of what cannot be shown."""
    clean = "".join(letter if letter.isprintable() else "�" for letter in text[: limit + 1])
    return f"{clean[:limit]}…" if len(clean) > limit else clean
