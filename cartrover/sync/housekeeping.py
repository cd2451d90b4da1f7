"""What a merchant's installation does by itself now and then: consent that ends, and the nightly proof that nothing is missing."""
