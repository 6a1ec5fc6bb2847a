"""Makes samples/outcomes anew: each workbook by the program itself from the samples' records, filled in below.

    target/outcomes-venv/bin/python tests/outcomes/make_samples.py target/release/tessera
"""

import pathlib
import shutil
import subprocess
import sys
import tempfile

# Nothing is left beside the scripts.
sys.dont_write_bytecode = True

from openpyxl_save import save  # noqa: E402

SAMPLES = pathlib.Path(__file__).resolve().parents[2] / "samples"

DECISIONS = {
    ("support-panel", "2026-11-25"): [
        {
            "submission": "lincolnshire-700009",
            "person": "100010",
            "cells": {
                "Decision": "Agreed",
                "What's Working Well": "Synthetic: the made-up family attends every meeting",
                "What Are We Worried About": "Synthetic: nights are hard",
                "What Needs to Happen": "Synthetic: short breaks each month, and a referral to Early Help",
                "Kind of recommendation": "Other work with the family",
                "Timescales": "Within 4 weeks",
            },
        },
        {
            "submission": "lincolnshire-700010",
            "person": "100011",
            "cells": {
                "Decision": "Return to panel",
                "What Are We Worried About": "Synthetic: the plan is not ready",
                "What Needs to Happen": "Synthetic: bring the plan",
                "Kind of recommendation": "Legal planning meeting",
                "Return to panel on": {"date": "2026-12-16"},
            },
        },
    ],
    ("16-plus", "2026-11-23"): [
        {
            "submission": "lambeth-710006",
            "person": "110006",
            "cells": {
                "Decision": "Agreed with conditions",
                "Recommendation": "Synthetic: the made-up support package, and a visit to the college before the move",
                "Conditions": "- the made-up key worker draws up the plan for moving on by 11 December 2026\n"
                "- the made-up team manager sends it to the panel",
                "Length of the agreement": "Synthetic: thirteen weeks",
                "Funding agreed": "Synthetic: £1,250 a week",
                "Funding agreed until": {"date": "2027-02-22"},
                "Exit strategy": "Synthetic: a flat of their own in the spring",
                "Review on": {"date": "2027-02-22"},
                "Discussion": "Synthetic: the made-up young person spoke for themselves",
            },
        },
    ],
    ("crp", "2026-11-26"): [
        {
            "submission": "lambeth-720005",
            "person": "120005",
            "cells": {
                "Decision": "Not agreed",
                "Reasons for the decision": "Synthetic: what the made-up family network offers was not looked at",
                "Actions": "Synthetic: a family group conference before the request comes back",
                "Review on": {"date": "2026-12-17"},
                "Discussion": "Synthetic: what else was tried, and by whom",
            },
        },
    ],
}


def make(program):
    with tempfile.TemporaryDirectory() as folder:
        copy = pathlib.Path(folder) / "samples"
        shutil.copytree(SAMPLES, copy, ignore=shutil.ignore_patterns("state", "outcomes"))
        (copy / "outcomes").mkdir()
        tessera = [program, "--config", str(copy / "tessera.toml"), "--quiet"]
        subprocess.run([*tessera, "sync", "--rehearse"], check=True, stdout=subprocess.DEVNULL)
        for (panel, date), decisions in DECISIONS.items():
            name = f"{panel}-{date}.xlsx"
            made = copy / name
            command = ["--rehearsal", "outcomes", "workbook", panel, date, "--out", str(made)]
            subprocess.run([*tessera, *command], check=True, stdout=subprocess.DEVNULL)
            save(made, SAMPLES / "outcomes" / name, decisions)
            print(f"samples/outcomes/{name}")


if __name__ == "__main__":
    make(str(pathlib.Path(sys.argv[1]).resolve()))
