"""A log as it is after years, and how long the console's pages take over it."""
