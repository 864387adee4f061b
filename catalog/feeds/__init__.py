"""Product feeds in the usual formats -> rows."""

from catalog.feeds.cells import FeedLimits
from catalog.feeds.feed import Feed, open_feed
from catalog.feeds.preview import Preview, preview
from catalog.feeds.rows import BadRow, Row

__all__ = ["BadRow", "Feed", "FeedLimits", "Preview", "Row", "open_feed", "preview"]
