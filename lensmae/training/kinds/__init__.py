"""One module a kind of training: how its network begins, its Lightning module, what its card says at the end."""
