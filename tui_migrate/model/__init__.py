"""What customer data is made of: semantic types and the entities that use them."""
