#!/usr/bin/env bash
# Makes the bundled ecn-universal. Its labels of hypothetical crystals are those of docs/data.md.
# Usage: bash reproduce/recipes/ecn-universal.sh DATA
# Results go to runs/; a fit that was interrupted goes on when the script is run again.
set -euo pipefail
cd "$(dirname "$0")/../.."
data=$(realpath "${1:?give the folder of data sets, see docs/data.md}")

python -m ase_ecn.training fit-so3 --config reproduce/configs/ecn_universal_start.yaml --out runs/ecn-universal-start --data "$data"
python -m ase_ecn.training fit-so3 --config reproduce/configs/ecn_universal_forces.yaml --out runs/ecn-universal-forces \
    --init runs/ecn-universal-start/ecn-universal-start.safetensors --data "$data"
python -m ase_ecn.training fit-so3 --config reproduce/configs/ecn_universal.yaml --out runs/ecn-universal \
    --init runs/ecn-universal-forces/ecn-universal-forces.safetensors --data "$data"
python -m ase_ecn.training domain runs/ecn-universal/ecn-universal.safetensors --data "$data"
python -m ase_ecn.training evaluate runs/ecn-universal/ecn-universal.safetensors --write --data "$data"
