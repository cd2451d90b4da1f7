"""PostgreSQL, Redis and the demo, run from the checkout without anything installed on the machine."""
