"""Linear text models: their scores, and the folder that they are kept in."""

from pathlib import Path

import numpy as np
import pytest

from catalog.arrays import Floats
from catalog.errors import CheckpointInvalid
from catalog.language.texts.model import CONFIG, WEIGHTS, TextModel
from catalog.language.texts.ngrams import BUCKETS, bucket, grams, inverse_frequencies, plain


def weights(**of_terms: float) -> Floats:
    """(1, B)"""
    found = np.zeros((1, BUCKETS), np.float32)
    for term, weight in of_terms.items():
        found[0, bucket(term)] = weight
    return found


def model() -> TextModel:
    good = weights(good=3.0, bad=-3.0)
    idf_B = np.ones(BUCKETS, np.float32)
    return TextModel(
        ("bad", "good"), np.concatenate([-good, good]), np.zeros((2, 0), np.float32), np.zeros(2, np.float32), idf_B
    )


def test_grams_are_those_of_the_plain_text() -> None:
    assert plain(" Ｇｏｏｄ \n BAD ") == "good bad"
    assert set(grams("ab").bucket_G) == {
        bucket(term) for term in (" ", "a", "b", " a", "ab", "b ", " ab", "ab ", " ab ", "\0ab")
    }
    assert np.linalg.norm(grams("abc").weighted(np.ones(BUCKETS, np.float32))) == pytest.approx(1)
    assert len(grams("").weighted(np.ones(BUCKETS, np.float32))) > 0  # the space
    rare = inverse_frequencies([grams("a"), grams("b")])
    assert rare[bucket("a")] > rare[bucket(" ")]


def test_scores_are_probabilities() -> None:
    score_NL = model().scores(["good", "bad", "neither"])
    np.testing.assert_allclose(score_NL.sum(1), 1, atol=1e-6)
    assert score_NL[0, 1] > 0.5 > score_NL[1, 1]
    assert model().scores([]).shape == (0, 2)


def test_vectors_are_read_beside_the_text() -> None:
    head = TextModel(
        ("a", "b"),
        np.zeros((2, 0), np.float32),
        np.eye(2, dtype=np.float32),
        np.zeros(2, np.float32),
        np.zeros(0, np.float32),
        "e",
    )
    assert head.reads_vectors
    assert head.scores(["x", "y"], np.eye(2, dtype=np.float32)).argmax(1).tolist() == [0, 1]


def test_a_folder_holds_what_was_saved(tmp_path: Path) -> None:
    model().save(tmp_path)
    opened = TextModel.open(tmp_path)
    assert opened.labels == ("bad", "good")
    texts = ["good", "bad", "neither"]
    np.testing.assert_allclose(opened.scores(texts), model().scores(texts), atol=1e-3)


@pytest.mark.parametrize(
    ("name", "content"),
    [(CONFIG, "{}"), (CONFIG, '{"format": 2, "labels": ["a", "b"], "space": "", "min_score": 0}'), (WEIGHTS, "x")],
)
def test_folders_that_hold_none(tmp_path: Path, name: str, content: str) -> None:
    with pytest.raises(CheckpointInvalid, match="does not hold a text model"):
        TextModel.open(tmp_path)
    model().save(tmp_path)
    (tmp_path / name).write_text(content, encoding="utf-8")
    with pytest.raises(CheckpointInvalid, match="text model"):
        TextModel.open(tmp_path)
