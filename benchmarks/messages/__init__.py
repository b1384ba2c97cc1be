"""What a message costs, ours and stock Rasa's, over HTTP against really running processes."""
