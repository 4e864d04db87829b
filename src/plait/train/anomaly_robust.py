"""The simplest detector: how far the farthest field is from its median (Iglewicz, Hoaglin 1993)."""

from collections.abc import Mapping

from plait.core.contract import Paradigm
from plait.core.ids import Json
from plait.engines.anomaly_model import RobustZ
from plait.engines.encode import Matrix
from plait.train.anomaly_fit import Detector, Files, centers, robust_scales


class RobustDistance(Detector[RobustZ]):
    """Looks at each field alone, in median absolute deviations; the farthest one counts."""

    name = "robust_z"
    paradigm: Paradigm = "linear"
    complexity = 0
    settings: Mapping[str, Json] = {
        "model": "largest robust z of a field",
        "scale": "median absolute deviation; of flags and where it is 0 standard deviation",
    }

    def model(self, matrix: Matrix, *, seed: int) -> RobustZ:
        """Find medians and deviations; nothing is drawn."""
        del seed
        return RobustZ(centers(matrix), robust_scales(matrix))

    def files(self, model: RobustZ) -> Files:
        """Return what is written of a model."""
        return {"model": "robust_z"}, {"center": model.center, "scale": model.scale}
