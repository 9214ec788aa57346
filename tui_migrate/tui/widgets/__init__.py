"""Small parts that screens are made of; all of them show text without markup."""
