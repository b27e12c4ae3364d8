#!/usr/bin/env bash
# Makes the bundled empnn-carbon24.
# Usage: bash reproduce/recipes/empnn-carbon24.sh DATA
# Results go to runs/; a fit that was interrupted goes on when the script is run again.
set -euo pipefail
cd "$(dirname "$0")/../.."
data=$(realpath "${1:?give the folder of data sets, see docs/data.md}")

python -m ase_ecn.training fit-empnn --config reproduce/configs/empnn_carbon24.yaml --out runs/empnn-carbon24 --data "$data"
python -m ase_ecn.training evaluate runs/empnn-carbon24/empnn-carbon24.safetensors --write --data "$data"
