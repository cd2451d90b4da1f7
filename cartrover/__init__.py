"""CartRover: the merchant portal and its sync engine."""
