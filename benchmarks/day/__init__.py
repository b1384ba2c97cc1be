"""A day of a hall as in life, replayed faster than it passes."""
