"""The title of every page, by the name of its file in `pages/`, and by its path in the dashboard."""

TITLES = {
    "overview": "LensMAE",
    "reconstruction": "Reconstruction",
    "classification": "Classification",
    "superresolution": "Super-resolution",
    "embeddings": "Embeddings",
    "analyse": "Analyse",
    "lens_lab": "Lens lab",
    "data": "Data",
    "training": "Training",
}
PATHS = {"" if name == "overview" else name: title for name, title in TITLES.items()}
