"""A report as a page of HTML that stands alone: nothing of it is read from elsewhere."""

from collections.abc import Iterable, Sequence
from html import escape

STYLE = """
:root { color-scheme: light dark; --line: #8884; --bar: #2a7; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; } th, td { text-align: left; padding: .35rem .6rem .35rem 0; }
td, th { border-bottom: 1px solid var(--line); vertical-align: top; } th { font-weight: 600; }
.figure { font-size: 2rem; font-weight: 650; } .figures { display: flex; gap: 3rem; flex-wrap: wrap; }
.quiet { opacity: .7; font-size: .9rem; } .number { text-align: right; white-space: nowrap; }
"""
Cells = Sequence[str]


def document(title: str, parts: Iterable[str]) -> str:
    """parts: HTML."""
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{escape(title)}</title><style>{STYLE}</style><body><h1>{escape(title)}</h1>{''.join(parts)}</body></html>\n"
    )


def in_figures(figures: Iterable[tuple[str, str]]) -> str:
    """figures: each with what it is of."""
    shown = "".join(f'<div><div class="figure">{escape(one)}</div>{escape(name)}</div>' for one, name in figures)
    return f'<div class="figures">{shown}</div>'


def note(text: str) -> str:
    return f'<p class="quiet">{escape(text)}</p>'


def section(title: str, head: Cells, rows: Iterable[Cells], told: str = "") -> str:
    """ "" without rows."""
    cells = ["".join(f"<td>{escape(cell)}</td>" for cell in row) for row in rows]
    if not cells:
        return ""
    headings = "".join(f"<th>{escape(name)}</th>" for name in head)
    body = "".join(f"<tr>{row}</tr>" for row in cells)
    return f"<h2>{escape(title)}</h2>{note(told) if told else ''}<table><tr>{headings}</tr>{body}</table>"
