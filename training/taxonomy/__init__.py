"""Build the category tree of every department from Shopify's taxonomy and the finer categories of the first tree."""
