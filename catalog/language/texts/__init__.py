"""Texts told apart by what they were labelled: features, a linear head, and the folder that holds it."""
