#!/usr/bin/env bash
# Makes the bundled ecn-pes.
# Usage: bash reproduce/recipes/ecn-pes.sh DATA
# Results go to runs/; a fit that was interrupted goes on when the script is run again.
set -euo pipefail
cd "$(dirname "$0")/../.."
data=$(realpath "${1:?give the folder of data sets, see docs/data.md}")

python -m ase_ecn.training fit-pes --config reproduce/configs/ecn_pes.yaml --out runs/ecn-pes --data "$data"
python -m ase_ecn.training evaluate runs/ecn-pes/ecn-pes.safetensors --write --data "$data"
