"""What is measured of the course itself: how fast it is, and how much goes wrong."""
