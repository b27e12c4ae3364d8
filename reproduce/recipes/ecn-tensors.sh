#!/usr/bin/env bash
# Makes the bundled ecn-tensors, continued from both networks of the bundled ecn-mp20-so3.
# Usage: bash reproduce/recipes/ecn-tensors.sh DATA, after labels.sh
# Results go to runs/; a fit that was interrupted goes on when the script is run again.
set -euo pipefail
cd "$(dirname "$0")/../.."
data=$(realpath "${1:?give the folder of data sets, see docs/data.md}")

python -m ase_ecn.training fit-tensors --config reproduce/configs/ecn_tensors.yaml --out runs/ecn-tensors-first --data "$data"
python -m ase_ecn.training fit-tensors --config reproduce/configs/ecn_tensors_second.yaml --out runs/ecn-tensors-second --data "$data"
python -m ase_ecn.training fit-tensors --config reproduce/configs/ecn_tensors_second_longer.yaml --out runs/ecn-tensors-second-longer --data "$data"
python -m ase_ecn.training ensemble runs/ecn-tensors/ecn-tensors.safetensors runs/ecn-tensors-first/ecn-tensors.safetensors \
    "runs/ecn-tensors-second-longer/ecn-tensors-second-longer.safetensors#2" --name ecn-tensors --half
python -m ase_ecn.training domain runs/ecn-tensors/ecn-tensors.safetensors --data "$data"
python -m ase_ecn.training calibrate runs/ecn-tensors/ecn-tensors.safetensors --properties bulk_modulus shear_modulus refractive_index dielectric_constant --data "$data"
python -m ase_ecn.training evaluate runs/ecn-tensors/ecn-tensors.safetensors --write --data "$data"
