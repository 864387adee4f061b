"""Training: manifests to a labelled data set, the loop, evaluation, export of the served folder."""
