"""What trains nothing loads nothing that trains: a command answers within a second."""

import subprocess
import sys

HEAVY = ("lightgbm", "pandas", "scipy.stats", "sklearn", "torch")


def test_a_project_is_opened_and_served_without_what_fits_models():
    program = (
        "import sys\n"
        "import plait.app.check_flow, plait.cli.main, plait.cli.config, plait.serve.run\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert found.stdout == b"[]\n"
