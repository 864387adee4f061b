"""Which model is to read for an index: the one that made it, found again where it was.

Vectors of two models cannot be compared, so an index takes the vectors of one, and remembers its version and folder. A
model that was taught has the vectors of the one that it was taught from: they are of one space.
"""

from pathlib import Path

from catalog.errors import CheckpointInvalid, IndexOfOtherModel
from catalog.index.backend import IndexModel
from catalog.index.product_index import ProductIndex
from catalog.model.folder import NANO, SHIPPED, model_version, named_folder
from catalog.understand import CACHE_MEGABYTES, Understander

TO_DO = "Give the model that made it with --model, or ingest into a new index."


def model_folder(made_by: IndexModel) -> Path:
    """The folder of the model that made an index, found again.

    Raises IndexOfOtherModel if it is gone, or another model is there now.
    """
    if made_by.folder:
        return _found_again(made_by)
    for name in (SHIPPED, NANO):
        if model_version(named_folder(name)) == made_by.version:
            return named_folder(name)
    raise IndexOfOtherModel(
        f"The index was made by the model {made_by.version}, which does not ship with this release; where its folder is"
        f" was not kept. {TO_DO}"
    )


def _found_again(made_by: IndexModel) -> Path:
    folder = named_folder(made_by.folder)
    made = _made(made_by)
    try:
        version = model_version(folder)
    except CheckpointInvalid:
        raise IndexOfOtherModel(f"{made}, where no whole model is now. {TO_DO}") from None
    if version != made_by.version:
        raise IndexOfOtherModel(f"{made}, where now the model {version} is. {TO_DO}")
    return folder


def load_for(
    index: ProductIndex | None, given: Path | None, device: str = "cpu", cache_megabytes: int = CACHE_MEGABYTES
) -> Understander:
    """Load the model to read with for an index. given: a folder that was asked for; without one, the index's own, and
    the shipped model where nothing was ever stored.

    Raises IndexOfOtherModel where the given one is not of the space of what is stored, or the index's own is not found
    again, and what `Understander.load` does.
    """
    made_by = index.model if index else None
    folder = model_folder(made_by) if made_by and not given else given
    understander = Understander.load(folder, device, cache_megabytes)
    if index:
        check_space(index, understander)
    return understander


def as_index_model(understander: Understander) -> IndexModel:
    """The model as an index remembers it."""
    return IndexModel(understander.version, understander.folder, understander.space)


def check_space(index: ProductIndex, understander: Understander) -> None:
    """Raises IndexOfOtherModel where the index's vectors are not of the model's space."""
    made_by, version = index.model, understander.version
    if made_by and made_by.vectors != understander.space and version not in (index.models() or (version,)):
        raise IndexOfOtherModel(
            f"{_made(made_by)}, not by {version} in {understander.folder!r}, and vectors of two models cannot be"
            " compared. Leave --model out, or use a new index."
        )


def _made(made_by: IndexModel) -> str:
    place = f" in {made_by.folder!r}" if made_by.folder else ""
    return f"The index was made by the model {made_by.version}{place}"


def mixed(versions: dict[str, int]) -> str:
    """What to say of an index of several models (see `ProductIndex.models`), "" of any other."""
    if len(versions) < 2:
        return ""
    held = ", ".join(f"{count:,} of {version}" for version, count in sorted(versions.items(), key=lambda one: -one[1]))
    return (
        f"The index holds products of {len(versions)} models ({held}), whose vectors cannot be compared. Ingest the"
        " feeds of all but the first once more, or delete their products."
    )
