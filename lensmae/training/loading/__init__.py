"""From a data set to batches on the device: data module, augmentation, streams of freshly simulated lenses."""
