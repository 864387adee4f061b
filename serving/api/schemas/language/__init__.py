"""What words mean: reviews of products, and messages of customers."""
