"""Links of products: only those that lead to web pages."""

import pytest

from catalog.links import is_web_link


@pytest.mark.parametrize(
    "link",
    [
        "",
        "https://shop.example/1",
        "HTTP://shop.example",
        "/p/1",
        "shop.example/p?a=b:c",
        "shop.example:8080/p",
        "localhost:80",
    ],
)
def test_links_to_web_pages(link: str) -> None:
    assert is_web_link(link)


@pytest.mark.parametrize(
    "link",
    [
        *(
            "javascript:alert(1)",
            "JavaScript:alert(1)",
            " javascript:alert(1)",
            "java\nscript:alert(1)",
            "\x01javascript:alert(1)",
        ),
        *("javascript:80/alert(1)", "javascript:1", "JavaScript:80/alert(1)", "java\tscript:80/alert(1)"),
        *("data:text/html,<script>", "vbscript:x", "file:///etc/passwd", "mailto:a@b.example", "blob:https://x"),
    ],
)
def test_what_a_browser_would_run_or_open_otherwise(link: str) -> None:
    assert not is_web_link(link)
