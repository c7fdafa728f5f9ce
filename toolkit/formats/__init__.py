"""What exports look like: one module per family; each says how to recognise it and how to read it."""
