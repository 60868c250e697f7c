"""A camera's calibration, from the YAML that camera_calibration writes."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

_MATRICES = {
    "distortion_coefficients": "d",
    "camera_matrix": "k",
    "rectification_matrix": "r",
    "projection_matrix": "p",
}


def read_calibration(url: str) -> dict[str, Any]:
    """Return the fields of ``CameraInfo`` that a file tells; ``file:///path`` or a path.

    Raises:
        ValueError: It can't be read, or is no calibration.
    """
    path = Path(url.removeprefix("file://"))
    try:
        yaml: Any = import_module("yaml")
        found: Any = yaml.safe_load(path.read_text())
        fields = {
            name: [float(number) for number in found[key]["data"]]
            for key, name in _MATRICES.items()
            if key in found
        }
        return {**fields, "distortion_model": str(found.get("distortion_model", ""))}
    except ImportError:
        raise ValueError("camera_info_url needs PyYAML in ROS's Python") from None
    except (OSError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise ValueError(f"{url}: no calibration: {error}") from error
