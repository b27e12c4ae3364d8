#!/usr/bin/env bash
# Makes the bundled empnn-mp20-atoms: two fits, the first of which continues empnn-mp20.
# Usage: bash reproduce/recipes/empnn-mp20-atoms.sh DATA
# Results go to runs/; a fit that was interrupted goes on when the script is run again.
set -euo pipefail
cd "$(dirname "$0")/../.."
data=$(realpath "${1:?give the folder of data sets, see docs/data.md}")

python -m ase_ecn.training fit-empnn --config reproduce/configs/empnn_mp20_atoms.yaml --out runs/empnn-mp20-atoms-first --data "$data"
python -m ase_ecn.training fit-empnn --config reproduce/configs/empnn_mp20_atoms_longer.yaml --out runs/empnn-mp20-atoms \
    --init runs/empnn-mp20-atoms-first/empnn-mp20-atoms.safetensors --data "$data"
python -m ase_ecn.training domain runs/empnn-mp20-atoms/empnn-mp20-atoms.safetensors --data "$data"
python -m ase_ecn.training evaluate runs/empnn-mp20-atoms/empnn-mp20-atoms.safetensors --write --data "$data"
