"""Manifests -> labelled products -> augmented samples -> batches with targets."""
