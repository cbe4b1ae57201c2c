"""One module a kind of training: its configuration, recipes, how its network begins, and what it learns."""
