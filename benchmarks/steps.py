"""When each step of the newest Dagster run in a data folder began and ended: `python -m benchmarks.steps FOLDER`.

As JSON; times are seconds of the epoch.
"""

import json
import sys
from pathlib import Path
from typing import Any

from spotify_pipeline.cli.daily_job import open_instance


def steps(data_dir: Path) -> list[dict[str, Any]]:
    """The steps of the newest run."""
    with open_instance(data_dir) as instance:
        run = instance.get_runs(limit=1)[0]
        found = instance.get_run_step_stats(run.run_id)
        return [{"step": step.step_key, "began": step.start_time, "ended": step.end_time} for step in found]


if __name__ == "__main__":
    print(json.dumps(steps(Path(sys.argv[1]))))
