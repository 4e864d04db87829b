"""The simplest detector: how far the farthest field is from its median (Iglewicz, Hoaglin 1993)."""

from collections.abc import Mapping
from pathlib import Path

from plait.core.contract import Paradigm
from plait.core.ids import Json
from plait.core.protocol import Predictor, Sample
from plait.engines.anomaly_model import RobustZ
from plait.engines.encode import Matrix
from plait.train.anomaly_fit import Files, centers, export_anomaly, robust_scales


class RobustDistance:
    """Looks at each field alone, in median absolute deviations; the farthest one counts."""

    name = "robust_z"
    paradigm: Paradigm = "linear"
    complexity = 0

    def __init__(
        self,
        folder: Path,
        *,
        threshold: float | None = None,
        share: float = 0.01,
        held_out: bool = True,
    ) -> None:
        """Return a candidate.

        Args:
            folder: where its fit writes the artefact.
            threshold: not looked at; there are no probabilities.
            share: of usual rows that may be taken for anomalies.
            held_out: whether rows it did not see say how rare a score is; without it the order of
                the scores is the same, and the fit is six times as quick.
        """
        del threshold
        self._folder = folder
        self._share = share
        self._held_out = held_out

    def configuration(self) -> Mapping[str, Json]:
        """Return what makes its fit what it is."""
        return {
            "model": "largest robust z of a field",
            "scale": "median absolute deviation; of flags and where it is 0 standard deviation",
            "share": self._share,
        }

    def fit(self, sample: Sample) -> Predictor:
        """Find medians and deviations, write the artefact."""
        return export_anomaly(
            self._folder,
            sample,
            _fit,
            _files,
            share=self._share,
            held_out=self._held_out,
        )


def _fit(matrix: Matrix) -> RobustZ:
    return RobustZ(centers(matrix), robust_scales(matrix))


def _files(model: RobustZ) -> Files:
    return {"model": "robust_z"}, {"center": model.center, "scale": model.scale}
