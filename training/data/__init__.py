"""Manifests -> labelled products -> batches."""
