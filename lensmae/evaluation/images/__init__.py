"""What the networks say of single images."""
