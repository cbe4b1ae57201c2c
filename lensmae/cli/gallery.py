"""Pictures for the documentation."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lensmae.cli.console import with_progress

if TYPE_CHECKING:
    import numpy as np

commands = typer.Typer()


@commands.command()
def gallery(
    output: Annotated[Path, typer.Option(help="folder for presets.md, presets/NAME.png and data.md")] = Path("docs"),
    lenses: Annotated[int, typer.Option(min=1, max=32, help="lenses a class")] = 6,
    seed: Annotated[int, typer.Option(min=0, help="seed of the lenses")] = 0,
    mae: Annotated[str, typer.Option(help="masked autoencoder that reconstructs the lens of mask_ratio.gif")] = "mae",
) -> None:
    """Write the pages on presets and on the columns of a data set, and the pictures of the documentation."""
    from PIL import Image

    from lensmae.data import PRESETS
    from lensmae.data.columns import data_page
    from lensmae.data.simulation.presets_page import presets_page
    from lensmae.figures.images.gallery import sheet
    from lensmae.workspace import write_text

    (output / "presets").mkdir(parents=True, exist_ok=True)

    def draw(progress) -> None:
        for done, name in enumerate(PRESETS, start=1):
            picture = Image.fromarray(sheet(_lenses(name, lenses, seed)))
            picture.quantize(64).save(output / "presets" / f"{name}.png", optimize=True)
            progress(done, len(PRESETS))

    with_progress("Drawing", draw)
    (output / "mask_ratio.gif").write_bytes(_animation(mae, seed))
    write_text(output / "presets.md", presets_page("presets"))
    write_text(output / "data.md", data_page())
    typer.echo(f"{output / 'presets.md'}: {len(PRESETS)} presets")


def _animation(mae: str, seed: int) -> bytes:
    """A GIF of an axion lens of Model II: the lens, masked, and reconstructed."""
    from lensmae.data import simulate_lens
    from lensmae.evaluation.reconstruction.frames import reconstruction_frames
    from lensmae.figures.images.animation import gif_bytes
    from lensmae.models import load_checkpoint

    image = simulate_lens("model_ii", "axion", seed).image
    frames = reconstruction_frames(load_checkpoint(mae), image, seed)
    return gif_bytes(image, frames.masks, frames.composites(image), frames.ratios, "asinh", 100.0)


def _lenses(preset: str, count: int, seed: int) -> "np.ndarray":
    """Images (classes, count, H, W); the HR images of a pair set."""
    import numpy as np

    from lensmae.data import PRESETS, simulate_lens
    from lensmae.data.simulation.simulate import lens_seed

    rows = []
    for index, class_name in enumerate(PRESETS[preset].classes):
        drawn = [simulate_lens(preset, class_name, lens_seed(seed, index, number)) for number in range(count)]
        rows.append([lens.image if lens.target is None else lens.target for lens in drawn])
    return np.array(rows)
