"""A trained model -> the model folder: graphs, int8, and the calibration measured on `val`."""
