"""What an operator may set, and where it is read from."""

from serving.settings.schema import Settings

__all__ = ["Settings"]
