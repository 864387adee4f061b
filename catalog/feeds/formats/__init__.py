"""Bytes of each format of feed -> records; and failed rows as a sheet."""
