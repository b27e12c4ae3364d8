#!/usr/bin/env bash
# Makes the bundled empnn-mp20: five fits, each continues the one before.
# Usage: bash reproduce/recipes/empnn-mp20.sh DATA
# Results go to runs/; a fit that was interrupted goes on when the script is run again.
set -euo pipefail
cd "$(dirname "$0")/../.."
data=$(realpath "${1:?give the folder of data sets, see docs/data.md}")

python -m ase_ecn.training fit-empnn --config reproduce/configs/empnn_mp20.yaml --out runs/empnn-mp20-first --data "$data"
python -m ase_ecn.training fit-empnn --config reproduce/configs/empnn_mp20_continued.yaml --out runs/empnn-mp20-continued \
    --init runs/empnn-mp20-first/empnn-mp20.safetensors --data "$data"
python -m ase_ecn.training fit-empnn --config reproduce/configs/empnn_mp20_pairs.yaml --out runs/empnn-mp20-pairs --data "$data"
python -m ase_ecn.training fit-empnn --config reproduce/configs/empnn_mp20_unrolled.yaml --out runs/empnn-mp20-unrolled --data "$data"
python -m ase_ecn.training fit-empnn --config reproduce/configs/empnn_mp20_longer.yaml --out runs/empnn-mp20 --data "$data"
python -m ase_ecn.training domain runs/empnn-mp20/empnn-mp20.safetensors --data "$data"
python -m ase_ecn.training evaluate runs/empnn-mp20/empnn-mp20.safetensors --write --data "$data"
