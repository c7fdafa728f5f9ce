"""What the evidence does not say itself: where an address is, what a folder name means."""
