"""Out of distribution: how far an image lies from what a network was trained on."""
