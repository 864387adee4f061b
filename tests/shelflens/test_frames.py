"""Tables of pandas and Polars, understood row by row."""

from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pytest

from catalog import Product
from catalog.errors import ConfigInvalid
from catalog.product import Understanding
from catalog.understand import Understander
from shelflens.frames import understand
from tests.support.malformed.images import encode, speckled
from tests.support.tiny import tiny_onnx_folder


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Understander:
    return Understander.load(tiny_onnx_folder(tmp_path_factory.mktemp("frames") / "model"))


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame])
def test_each_row_gets_its_answer_and_a_bad_one_its_error(make: Any, model: Understander, tmp_path: Path) -> None:
    image = encode(speckled(40, 40), "PNG")
    (tmp_path / "shoe.png").write_bytes(image)
    cells = {
        "name": ["red shoe", None, "blue shirt", ""],
        "pictures": ["shoe.png", "none.png", None, None],
        "price": [1, 2, 3, 4],
    }
    found = understand(make(cells), model, title="name", image="pictures", images=tmp_path, embedding=True)
    assert type(found) is make
    assert list(found["price"]) == [1, 2, 3, 4]
    errors = list(found["error"])
    assert [isinstance(error, str) for error in errors] == [False, True, False, True]
    assert "[image_not_found]" in errors[1]
    assert "[product_empty]" in errors[3]
    assert next(iter(found["decision"])) in ("auto", "review", "abstain")
    (alone,) = model.understand([Product(title="red shoe", images=(image,))], evidence=False)
    assert isinstance(alone, Understanding)
    assert list(next(iter(found["embedding"]))) == pytest.approx(alone.embedding.tolist(), abs=1e-4)


def test_pandas_keeps_its_index_and_missing_text_is_no_text(model: Understander) -> None:
    frame = pd.DataFrame({"title": ["red shoe", float("nan")]}, index=[7, 9])
    found = understand(frame, model, prefix="ai_")
    assert list(found.index) == [7, 9]
    assert "[product_empty]" in found["ai_error"][9]


@pytest.mark.parametrize(
    ("frame", "options", "message"),
    [
        (pd.DataFrame({"name": ["x"]}), {}, "no column title, description or image"),
        (pd.DataFrame({"title": ["x"]}), {"image": "photo"}, "no column 'photo'"),
        (pd.DataFrame({"title": ["x"], "score": [1]}), {}, "'score' already"),
    ],
)
def test_a_frame_that_cannot_be_read(frame: Any, options: Any, message: str, model: Understander) -> None:
    with pytest.raises(ConfigInvalid, match=message):
        understand(frame, model, **options)
