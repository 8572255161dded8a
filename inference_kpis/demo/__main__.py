"""`python -m inference_kpis.demo plan | serve | node --file FILE`."""

import argparse
import json
from pathlib import Path

from inference_kpis.demo import fleet, plan


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m inference_kpis.demo", description="Run the demo fleet.")
    parser.add_argument("verb", choices=("plan", "serve", "node"))
    parser.add_argument("--file", type=Path, required=True, help="The plan of the fleet.")
    parser.add_argument("--name", help="With node: which one to serve.")
    asked = parser.parse_args()
    if asked.verb == "plan":
        plan.write(asked.file)
        return
    nodes = json.loads(asked.file.read_text())["nodes"]
    if asked.verb == "serve":
        fleet.serve(nodes, asked.file)
    else:
        fleet.serve_node(next(node for node in nodes if node["name"] == asked.name))


main()
