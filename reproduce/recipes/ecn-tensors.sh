#!/usr/bin/env bash
# Makes the bundled ecn-tensors, on the trunk of the bundled ecn-universal.
# Usage: bash reproduce/recipes/ecn-tensors.sh DATA
# Results go to runs/; a fit that was interrupted goes on when the script is run again.
set -euo pipefail
cd "$(dirname "$0")/../.."
data=$(realpath "${1:?give the folder of data sets, see docs/data.md}")

python -m ase_ecn.training fit-tensors --config reproduce/configs/ecn_tensors.yaml --out runs/ecn-tensors --data "$data"
python -m ase_ecn.training domain runs/ecn-tensors/ecn-tensors.safetensors --data "$data"
python -m ase_ecn.training calibrate runs/ecn-tensors/ecn-tensors.safetensors --properties bulk_modulus shear_modulus refractive_index dielectric_constant --data "$data"
python -m ase_ecn.training evaluate runs/ecn-tensors/ecn-tensors.safetensors --write --data "$data"
