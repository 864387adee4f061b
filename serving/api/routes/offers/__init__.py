"""What is made of the understood catalogue for selling: prices, drafts, forecasts."""
