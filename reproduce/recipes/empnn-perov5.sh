#!/usr/bin/env bash
# Makes the bundled empnn-perov5: three fits, each continues the one before.
# Usage: bash reproduce/recipes/empnn-perov5.sh DATA
# Results go to runs/; a fit that was interrupted goes on when the script is run again.
set -euo pipefail
cd "$(dirname "$0")/../.."
data=$(realpath "${1:?give the folder of data sets, see docs/data.md}")

python -m ase_ecn.training fit-empnn --config reproduce/configs/empnn_perov5.yaml --out runs/empnn-perov5-first --data "$data"
python -m ase_ecn.training fit-empnn --config reproduce/configs/empnn_perov5_unrolled.yaml --out runs/empnn-perov5-unrolled --data "$data"
python -m ase_ecn.training fit-empnn --config reproduce/configs/empnn_perov5_longer.yaml --out runs/empnn-perov5 --data "$data"
python -m ase_ecn.training domain runs/empnn-perov5/empnn-perov5.safetensors --data "$data"
python -m ase_ecn.training evaluate runs/empnn-perov5/empnn-perov5.safetensors --write --data "$data"
