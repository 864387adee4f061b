"""A trained model -> the folder that is served: graphs, 8 bits, and what is measured on `val`."""
