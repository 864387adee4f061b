"""Initial weights for training, rebuilt from the packages of the extra `weights` that contain them."""
