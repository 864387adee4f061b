"""What words say of a product."""
