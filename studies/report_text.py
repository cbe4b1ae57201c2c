"""The report as files: RESULTS.md, results.json and figures, and the table in README."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lensmae.errors import ConfigError
from lensmae.evaluation.metrics import roc_curves
from lensmae.evaluation.rounding import share
from lensmae.figures import roc, score_pairs
from lensmae.figures.export.files import export_figure
from lensmae.models import list_checkpoints
from lensmae.workspace import json_text, read_json, write_all
from studies.markdown import number, table
from studies.report import Measurements, with_earlier
from studies.report_stress import stress_headlines, stress_lines
from studies.report_studies import ablation_lines, few_label_lines

_BEGIN, _END = "<!-- results: written by `lensmae report` -->", "<!-- end of results -->"


def write_report(measured: Measurements, folder: Path, command: str, readme: Path | None = None, *, keep: bool = False) -> Path:
    """Write everything into `folder`; the path of RESULTS.md.

    Args:
        command: how the report was asked for, to be printed in it.
        readme: a file whose table of results is replaced; it must have the two marker lines.
        keep: take over what the report in `folder` says of other checkpoints, where it measured the same images.
    """
    if readme is not None and not _has_markers(readme.read_text(encoding="utf-8")):
        raise ConfigError(f"{readme} has no place for the table of results: the lines {_BEGIN!r} and {_END!r}.")
    record = measured.record | {"command": command}
    if keep and (folder / "results.json").is_file():
        record = with_earlier(record, read_json(folder / "results.json", ConfigError))
    figures = {folder / name: content for name, content in _figures(measured).items()}
    text = results_text(record, [name for name in _figure_names(record) if folder / name in figures or (folder / name).is_file()])
    written = {folder / "results.json": json_text(record), folder / "RESULTS.md": text}
    if readme is not None:
        written[readme] = replaced_table(readme.read_text(encoding="utf-8"), headline_table(shipped_only(record)))
    write_all(figures | {path: content.encode() for path, content in written.items()})
    return folder / "RESULTS.md"


def _figures(measured: Measurements) -> dict[str, bytes]:
    found = {}
    for name, report in measured.classification.items():
        curves = roc_curves(report.labels, report.probabilities, report.classes)
        found[f"results-roc-{name}.png"] = export_figure(roc(curves, log_x=True), "png", 120)
    for name, report in measured.superres.items():
        drawing = score_pairs(report.bicubic_psnr, report.psnr, "PSNR, dB")
        found[f"results-psnr-{name}.png"] = export_figure(drawing, "png", 120)
    return found


def _figure_names(record: dict[str, Any]) -> list[str]:
    """Figures of the record's checkpoints, of an earlier report too."""
    names = [f"results-roc-{name}.png" for name in record["classification"]]
    return names + [f"results-psnr-{name}.png" for name in record["superres"]]


def results_text(record: dict[str, Any], figures: Sequence[str] = ()) -> str:
    """RESULTS.md from a report's record."""
    lenses, pairs = record["data"]["lenses"], record["data"]["pairs"]
    machine = record["machine"]
    parts = [
        "# What the networks can do",
        "",
        f"Written by `{record['command']}` on {record['date'][:10]}, LensMAE {record['lensmae']}, {machine['cpu']}, "
        f"{machine['cores']} cores. No training has seen these lenses, and no setting was chosen by them.",
        "",
        f"- single lenses: {_source(lenses)}",
        f"- pairs: {_source(pairs)}",
        "",
        "## Dark matter class",
        "",
        *table(("network", "macro AUC", *(f"AUC {name}" for name in _classes(record)), "accuracy", "ECE", "lenses", "images/s"),
                _classifier_rows(record)),
        *_mass_lines(record),
        "## Super-resolution, twice as many pixels",
        "",
        *table(("network", "PSNR, dB", "SSIM", "MSE", "pairs below bicubic", "PSNR to the noise-free truth, dB", "pairs"),
                _superres_rows(record)),
        *_limits(record),
        "## Reconstructing 75 % hidden patches",
        "",
        *table(("network", "trained on", "MSE of hidden pixels", "of no_sub", "linear prior alone, MSE",
                 "mean of the visible pixels, MSE", "lenses"), _mae_rows(record)),
        "## Substructure found without labels",
        "",
        "AUC of no_sub against a class by the masked error alone, over many masks. Only a network that has never seen "
        "substructure can be surprised by it.",
        "",
        *table(("network", "trained on", "cdm", "axion", "cdm, linear prior alone", "axion, linear prior alone", "lenses"),
                _unsupervised_rows(record)),
        *stress_lines(record),
        *few_label_lines(record),
        *ablation_lines(record),
        *(f"![{name.removesuffix('.png')}]({name})" for name in figures),
    ]  # fmt: skip
    return "\n".join(parts).rstrip() + "\n"


def shipped_only(record: dict[str, Any]) -> dict[str, Any]:
    """A record without the checkpoints that are trained for comparison alone; whole where it has no other."""
    names = {entry.name for entry in list_checkpoints() if entry.origin == "shipped"}
    tasks = ("reconstruction", "classification", "superres")
    if not any(names & set(record[task]) for task in tasks):
        return record
    return record | {task: {name: found for name, found in record[task].items() if name in names} for task in tasks}


def _source(data: dict[str, Any]) -> str:
    made = f"preset {data['preset']}, seed {data['seed']}"
    return f"`{data['name']}`, {made}, fingerprint {data['fingerprint'][:12]}, split {data['split']}"


def headline_table(record: dict[str, Any]) -> str:
    """README's table: one row a network, its figure beside its baseline's."""
    rows = []
    for name, found in record["reconstruction"].items():
        rows += _mae_headlines(name, found)
    simple = record.get("simple_classifiers", {})
    for name, found in record["classification"].items():
        beside = [f"{entry['macro_auc']:.4f} {_SIMPLE[kind]}" for kind, entry in simple.items()]
        own = f"AUC {share(found['macro_auc'], '.5f')}, accuracy {share(found['accuracy'], '.2%')}"
        rows.append((f"`{name}`", "no_sub, cdm or axion, Model II", own, "; ".join(beside) or "0.5 by chance"))
        rows += stress_headlines(record, name)
        rows += _mass_headline(name, found, record)
    for name, found in record["superres"].items():
        own = f"{found['psnr']:.2f} dB, SSIM {found['ssim']:.4f}"
        beside = f"{found['bicubic']['psnr']:.2f} dB, SSIM {found['bicubic']['ssim']:.4f}, bicubic"
        rows.append((f"`{name}`", "75 to 150 pixels", own, beside))
    return "\n".join(table(("checkpoint", "task", "on unseen lenses", "baseline"), rows)).rstrip()


def _mass_headline(name: str, found: dict[str, Any], record: dict[str, Any]) -> list[tuple[str, ...]]:
    mass = found.get("axion_mass", {}).get("rms_dex_resolved")
    if mass is None:
        return []
    simple = record.get("simple_masses", {}).get("linear", {}).get("rms_dex_resolved")
    beside = f"{number(simple, '.3f')} dex linear regression on principal components" if simple is not None else ""
    return [(f"`{name}`", "axion mass, rms where the vortex is longer than a pixel", f"{mass:.3f} dex", beside)]


def _mae_headlines(name: str, found: dict[str, Any]) -> list[tuple[str, ...]]:
    """How well an MAE reconstructs; and how well one that was trained on no_sub alone finds the others by its error."""
    linear = f"; {found['linear_prior']['masked_mse']:.1e} its linear prior alone" if "linear_prior" in found else ""
    flat, blind = f"{found['visible_mean']['masked_mse']:.1e} with the mean of the visible pixels", found["unsupervised"]
    if blind["trained_on"] != ["no_sub"]:
        return [(f"`{name}`", "reconstruct 75 % hidden patches, MSE on [0, 1]", f"{found['masked_mse']:.1e}", flat + linear)]
    own = found["masked_mse_by_class"].get("no_sub")
    areas = {key.removeprefix("auc."): value for key, value in blind.items() if key.startswith("auc.")}
    said = ", ".join(f"{kind} AUC {area:.4f}" for kind, area in areas.items())
    alone = ", ".join(f"{kind} {area:.4f}" for kind, area in blind.get("linear_prior", {}).items())
    task = "find substructure by the masked error, no label used"
    return [
        (f"`{name}`", "the same, no_sub lenses", number(own, ".1e"), ""),
        (f"`{name}`", task, said, f"{alone} its linear prior alone" if alone else "0.5 by chance"),
    ]


_SIMPLE = {
    "linear_probe": "linear probe of the frozen MAE",
    "pixels": "logistic regression on principal components",
}


def replaced_table(text: str, new: str) -> str:
    """A text with the lines between its two markers replaced."""
    return re.sub(f"{re.escape(_BEGIN)}.*?{re.escape(_END)}", lambda _: f"{_BEGIN}\n\n{new}\n\n{_END}", text, flags=re.DOTALL)


def _has_markers(text: str) -> bool:
    return _BEGIN in text and _END in text


def _classes(record: dict[str, Any]) -> list[str]:
    return list(next(iter(record["classification"].values()), {"auc": {}})["auc"])


def _named(name: str, found: dict[str, Any]) -> str:
    return f"`{name}`" + (f", measured on {found['measured'][:10]}" if "measured" in found else "")


def _area(value: float | None) -> str:
    return "–" if value is None else share(value, ".5f")


def _classifier_rows(record: dict[str, Any]) -> list[tuple[str, ...]]:
    rows = []
    for name, found in record["classification"].items():
        areas = (_area(found["auc"].get(kind)) for kind in _classes(record))
        figures = (share(found["accuracy"], ".2%"), f"{found['ece']:.4f}", f"{found['n']:,}", f"{found['images_per_second']:.0f}")
        rows.append((_named(name, found), _area(found["macro_auc"]), *areas, *figures))
    blank = [""] * len(_classes(record))
    for kind, found in record.get("simple_classifiers", {}).items():
        title = f"{_SIMPLE[kind]}, {found['training_lenses']:,} training lenses"
        rows.append((title, f"{found['macro_auc']:.5f}", *blank, f"{found['accuracy']:.2%}", "", "", ""))
    return rows


def _mass_lines(record: dict[str, Any]) -> list[str]:
    told = [
        (_named(name, found), found["axion_mass"]) for name, found in record["classification"].items() if "axion_mass" in found
    ]
    if not told:
        return []
    told += [(_simple_mass(kind, found), found) for kind, found in record.get("simple_masses", {}).items()]
    rows = [
        (
            name,
            number(mass["rms_dex_resolved"], ".4f"),
            f"{mass['n_resolved']:,}",
            number(mass["rms_dex"], ".4f"),
            number(mass["median_absolute_dex"], ".4f"),
            f"{mass['n']:,}",
        )
        for name, mass in told
    ]
    columns = ("network", "rms where the vortex is longer than a pixel", "such lenses", "rms, all", "median, all", "axion lenses")
    return ["## Axion mass", "", "Errors of log10(mass / eV), in dex, of axion lenses.", "", *table(columns, rows)]


def _simple_mass(kind: str, found: dict[str, Any]) -> str:
    if kind == "constant":
        return "the middle of the simulated range for all"
    return f"linear regression on principal components, {found['training_lenses']:,} training lenses"


_SR_FORMS = {"psnr": ".2f", "ssim": ".4f", "mse": ".3e"}


def _superres_rows(record: dict[str, Any]) -> list[tuple[str, ...]]:
    rows, bicubic = [], None
    for name, found in record["superres"].items():
        below, truth = f"{found['images_below_bicubic']}", number(found.get("psnr_to_truth"), ".2f")
        figures = (f"{found[key]:{form}}" for key, form in _SR_FORMS.items())
        rows.append((_named(name, found), *figures, below, truth, f"{found['n']:,}"))
        bicubic = ("bicubic", *(f"{found['bicubic'][key]:{form}}" for key, form in _SR_FORMS.items()))
    return [*rows, (*bicubic, "", "", "")] if bicubic else rows


def _limits(record: dict[str, Any]) -> list[str]:
    found = record["superres"].values()
    floors = {each["hr_psnr_to_truth"] for each in found if "hr_psnr_to_truth" in each}
    limits = {(each["limit"]["psnr"], each["limit"]["ssim"]) for each in found if "limit" in each}
    return [
        *(f"The HR images themselves lie {floor:.2f} dB from the noise-free truth." for floor in floors),
        *(
            f"A network that knew that truth, and drew of HR's noise what LR tells, would have {psnr:.2f} dB and SSIM "
            f"{ssim:.4f}: about the limit for all."
            for psnr, ssim in limits
        ),
        "",
    ]


def _mae_rows(record: dict[str, Any]) -> list[tuple[str, ...]]:
    return [
        (
            _named(name, found),
            ", ".join(found["unsupervised"]["trained_on"]) or "not known",
            f"{found['masked_mse']:.2e}",
            number(found["masked_mse_by_class"].get("no_sub"), ".2e"),
            number(found.get("linear_prior", {}).get("masked_mse"), ".2e"),
            f"{found['visible_mean']['masked_mse']:.2e}",
            f"{found['n']:,}",
        )
        for name, found in record["reconstruction"].items()
    ]


def _unsupervised_rows(record: dict[str, Any]) -> list[tuple[str, ...]]:
    return [
        (
            _named(name, whole),
            ", ".join(entry["trained_on"]) or "not known",
            number(entry.get("auc.cdm"), ".3f"),
            number(entry.get("auc.axion"), ".3f"),
            *(number(entry.get("linear_prior", {}).get(kind), ".3f") for kind in ("cdm", "axion")),
            f"{entry['n']:,}",
        )
        for name, whole in record["reconstruction"].items()
        for entry in (whole["unsupervised"],)
    ]
