"""Lines, wherever the chunks that a file is read in may end."""

import io
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import catalog.feeds.formats.lines
from catalog.feeds.formats.lines import Line, Lines, read_lines


@pytest.mark.parametrize("chunk", [1, 2, 3, 7, 100])
def test_chunks_do_not_show(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    # A byte order mark is looked for in the first chunk.
    monkeypatch.setattr(catalog.feeds.formats.lines, "CHUNK", max(chunk, 3))
    data = b"\xef\xbb\xbfone\r\ntwo\rthree\n\n\r\rfour\r\n"
    lines = [line.data for line in read_lines(io.BytesIO(data), 100)]
    assert lines == [b"one\r\n", b"two\r", b"three\n", b"\n", b"\r", b"\r", b"four\r\n"]


@settings(max_examples=200, deadline=None, database=None)
@given(data=st.text(alphabet="ab\r\n", max_size=40).map(str.encode), chunk=st.integers(3, 9), limit=st.integers(2, 6))
def test_lines_are_those_of_the_whole_cut_at_the_limit(data: bytes, chunk: int, limit: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(catalog.feeds.formats.lines, "CHUNK", chunk)
        found = list(read_lines(io.BytesIO(data), limit))
    whole = re.findall(rb"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+", data)
    assert found == [Line(number, line[:limit], len(line) > limit) for number, line in enumerate(whole, 1)]


def test_lines_can_be_put_back() -> None:
    lines = Lines(io.BytesIO(b"a\nb\nc\n"), 100, 10)
    first, second = next(lines), next(lines)
    lines.put_back([first, second])
    assert [line.number for line in lines] == [1, 2, 3]
