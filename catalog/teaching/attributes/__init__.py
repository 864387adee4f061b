"""A merchant's own attributes, taught with his categories."""
