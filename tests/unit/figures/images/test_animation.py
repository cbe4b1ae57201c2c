"""The animation shows the frames that it was given."""

import io

import numpy as np
from PIL import Image

from lensmae.figures.images.animation import gif_bytes


def test_a_gif_has_a_frame_a_ratio_and_its_first_row_lowest():
    image = np.zeros((8, 8), dtype=np.float32)
    image[0] = 1.0
    masks = np.zeros((3, 8, 8), dtype=bool)
    masks[1, :, :4] = masks[2] = True
    composites = np.where(masks, 0.0, image)
    opened = Image.open(io.BytesIO(gif_bytes(image, masks, composites, np.array([0.0, 0.5, 0.95]), "linear", 100.0)))
    assert opened.n_frames == 3
    sheets = []
    for frame in range(3):
        opened.seek(frame)
        sheets.append(np.asarray(opened.convert("RGB")).astype(int))
    bottom = sheets[0][-20]
    original, masked, reconstructed = bottom[100], bottom[8 + 264 + 30], bottom[8 + 528 + 30]
    assert original.sum() > 600
    np.testing.assert_array_equal(masked, original)
    # Under the second mask the left half is covered, and drawn dark.
    assert np.ptp(sheets[1][-20][8 + 264 + 30]) < 30
    assert sheets[1][-20][8 + 528 + 30].sum() < 60
    assert reconstructed.sum() > 600
