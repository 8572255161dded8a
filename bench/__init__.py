"""What things cost: `make bench` measures, in one run, the product and what it is compared with, and prints ratios."""
