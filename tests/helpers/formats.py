"""Stores of each layout that a version has written."""

import zipfile
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "store" / "formats"
LAYOUTS = {  # name -> whether its observables decide the regime today
    "first": False,  # f9f0ad9: no coordinates of expressions, no store_id, zstd instead of blosc
    "with_expressions": False,  # 3dfed59
    "with_settled": True,  # 73a0f8b: the label settled, and blosc
    "with_identity": True,  # fcf5b41: store_id, heartbeat
    "format_1": True,  # aea1535: the last before the format number
}


def unpack(layout, path):
    """Write the store of a layout to ``path``, and return it."""
    with zipfile.ZipFile(FOLDER / f"{layout}.zarr.zip") as file:
        file.extractall(path)
    return path
