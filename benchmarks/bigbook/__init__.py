"""What a book of a hundred thousand questions would need."""
