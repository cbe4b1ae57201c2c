"""Convolutional networks without an encoder of ours: what stands beside the masked autoencoder and its heads."""
