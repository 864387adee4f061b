"""Teach a model a merchant's own categories, from products that are filed already."""
