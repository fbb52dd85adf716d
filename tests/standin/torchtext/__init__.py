"""What the course would need in torchtext's place, should that no longer load: see test_standin."""
