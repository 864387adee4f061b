"""A feed written again with some of its cells changed, and everything else in it byte for byte as it was."""

from catalog.feeds.rewriting.placing import WHYS, Changes, Unplaced
from catalog.feeds.rewriting.rewrite import Rewritten, check_writable, rewrite

__all__ = ["WHYS", "Changes", "Rewritten", "Unplaced", "check_writable", "rewrite"]
