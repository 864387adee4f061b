"""Fine-tune a model's encoders on a merchant's filed products; keep the outcome only if it files held-out ones better.

examples -> held-out groups | the others -> features of the encoders as they are -> run -> model folder
         -> the same head taught on both models' vectors -> comparison -> the better one
"""
