"""The understood catalogue as a file: Parquet and JSON Lines with everything, CSV with what a sheet can show.

The first two hold all that an index does, so `load` brings them into another one. No more than some thousand products
are in memory at once, however many there are.
"""

from catalog.index.exports.folder import ParquetFolder
from catalog.index.exports.reading import load, parquet_files, read_parquet, width
from catalog.index.exports.writing import Extra, Format, Writer, export, format_of, with_embeddings, writer

__all__ = [
    "Extra",
    "Format",
    "ParquetFolder",
    "Writer",
    "export",
    "format_of",
    "load",
    "parquet_files",
    "read_parquet",
    "width",
    "with_embeddings",
    "writer",
]
