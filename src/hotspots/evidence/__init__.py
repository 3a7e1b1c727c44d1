"""What worked: write-ups of evaluations, and a bank that gathers and pools them."""
