#!/usr/bin/env bash
# Makes the bundled ecn-fermi, continued from the bundled ecn-mp20.
# Usage: bash reproduce/recipes/ecn-fermi.sh DATA
# Results go to runs/; a fit that was interrupted goes on when the script is run again.
set -euo pipefail
cd "$(dirname "$0")/../.."
data=$(realpath "${1:?give the folder of data sets, see docs/data.md}")

python -m ase_ecn.training fit-ecn --config reproduce/configs/ecn_fermi.yaml --out runs/ecn-fermi --data "$data"
python -m ase_ecn.training domain runs/ecn-fermi/ecn-fermi.safetensors --data "$data"
python -m ase_ecn.training evaluate runs/ecn-fermi/ecn-fermi.safetensors --write --data "$data"
