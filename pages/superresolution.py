"""Is the detail real? LR, bicubic, network and HR of one pair on one scale, and the whole split against bicubic."""

import streamlit as st

from lensmae.app import choices, demo, loaders
from lensmae.app.guard import fragment
from lensmae.app.lens_view import Readout, lens_view
from lensmae.app.widgets import SPLIT_OPTIONS, choose, figure, numbers, page_title, unfit_number
from lensmae.evaluation.pairs import super_resolve_pair
from lensmae.evaluation.tables import superres_table
from lensmae.figures import Panel, score_pairs


def one_pair(choice: choices.Choice) -> None:
    info, entry = choice.pair_set(), choice.checkpoint("superres")
    pairs = loaders.get_dataset(info)
    unfit_number("pair", 0, info.n - 1, "pair")
    default = int(pairs.indices("test")[0]) if info.splits["test"] else 0
    row = st.number_input("Pair", 0, info.n - 1, default, key="pair", bind="query-params", width=180)
    pair = super_resolve_pair(loaders.get_model(entry.path), pairs, int(row))
    st.caption(f"{loaders.describe_lens(info, int(row))} of {info.name}, checkpoint {entry.name}")
    lens_view(
        [
            Panel("LR", pair.low),
            Panel("Bicubic", pair.bicubic),
            Panel("Network", pair.drawn),
            Panel("HR", pair.high),
            Panel("Bicubic − HR", pair.bicubic - pair.high, residual=True),
            Panel("Network − HR", pair.drawn - pair.high, residual=True),
        ],
        key="superres",
        unit=info.flux_unit,
        columns=3,
        readouts=[
            Readout("bicubic, PSNR", (f"{pair.bicubic_psnr:.2f} dB",)),
            Readout("network, PSNR", (f"{pair.psnr:.2f} dB",)),
            Readout("bicubic, SSIM", (f"{pair.bicubic_ssim:.4f}",)),
            Readout("network, SSIM", (f"{pair.ssim:.4f}",)),
        ],
        stretch=choice.stretch,
        percentile=choice.percentile,
    )


def whole_split(choice: choices.Choice) -> None:
    info, entry = choice.pair_set(), choice.checkpoint("superres")
    split = choose("Split", SPLIT_OPTIONS, "split")
    report = loaders.superres(entry.path, info, split, 200)
    if report.note:
        st.warning(report.note)
    st.caption(f"Measured on {len(report.psnr)} pairs, {split} split of {info.name}; per image with data range 1, then the mean.")
    psnr, ssim = st.columns(2)
    mean, bicubic = report.summary(), report.summary()["bicubic"]
    with psnr:
        gain = f"{mean['psnr'] - bicubic['psnr']:+.2f} dB against bicubic"
        st.metric("Mean PSNR", f"{mean['psnr']:.2f} dB", gain, border=True)
        figure(score_pairs(report.bicubic_psnr, report.psnr, "PSNR, dB"), "psnr")
    with ssim:
        gain = f"{mean['ssim'] - bicubic['ssim']:+.4f} against bicubic"
        st.metric("Mean SSIM", f"{mean['ssim']:.4f}", gain, border=True)
        figure(score_pairs(report.bicubic_ssim, report.ssim, "SSIM"), "ssim")
    numbers(superres_table(report), f"superres-{entry.name}-{info.name}-{split}")


choice = choices.current()
demo.ensure_pairs()
page_title("Super-resolution", "Is the detail real? The network against bicubic interpolation and the true HR image.")
fragment(one_pair)(choice)
st.subheader("The whole split", anchor=False)
fragment(whole_split)(choice)
