"""Continue pretraining a model on one catalogue, without labels; keep the outcome only if it helps there.

feed -> catalogue (features of frozen images, groups) -> train | held-out
measure -> run (masked language modelling, contrastive, what the model knew) -> measure -> verdict -> model folder
"""
