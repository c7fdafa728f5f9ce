"""What the toolkit promises, as tests."""
