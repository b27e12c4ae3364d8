#!/usr/bin/env bash
# Makes the bundled ecn-mp20-so3, continued from the bundled ecn-universal.
# Usage: bash reproduce/recipes/ecn-mp20-so3.sh DATA, after labels.sh
# Results go to runs/; a fit that was interrupted goes on when the script is run again.
set -euo pipefail
cd "$(dirname "$0")/../.."
data=$(realpath "${1:?give the folder of data sets, see docs/data.md}")

python -m ase_ecn.training fit-properties --config reproduce/configs/ecn_mp20_so3_start.yaml --out runs/ecn-mp20-so3-start \
    --init ecn-universal --data "$data"
python -m ase_ecn.training fit-properties --config reproduce/configs/ecn_mp20_so3.yaml --out runs/ecn-mp20-so3-forces \
    --init runs/ecn-mp20-so3-start/ecn-mp20-so3-start.safetensors --data "$data"
python -m ase_ecn.training fit-properties --config reproduce/configs/ecn_mp20_so3_energies.yaml --out runs/ecn-mp20-so3-energies \
    --init runs/ecn-mp20-so3-forces/ecn-mp20-so3.safetensors --data "$data"
python -m ase_ecn.training fit-properties --config reproduce/configs/ecn_mp20_so3_energies_longer.yaml --out runs/ecn-mp20-so3-energies-longer \
    --init runs/ecn-mp20-so3-forces/ecn-mp20-so3.safetensors --data "$data"
python -m ase_ecn.training fit-properties --config reproduce/configs/ecn_mp20_so3_without_dropout.yaml --out runs/ecn-mp20-so3-without-dropout \
    --init runs/ecn-mp20-so3-energies/ecn-mp20-so3-energies.safetensors --data "$data"
python -m ase_ecn.training fit-properties --config reproduce/configs/ecn_mp20_so3_near_hull.yaml --out runs/ecn-mp20-so3-near-hull \
    --init runs/ecn-mp20-so3-energies-longer/ecn-mp20-so3-energies-longer.safetensors --data "$data"
python -m ase_ecn.training fit-properties --config reproduce/configs/ecn_mp20_so3_longer.yaml --out runs/ecn-mp20-so3-longer \
    --init runs/ecn-mp20-so3-near-hull/ecn-mp20-so3-near-hull.safetensors --data "$data"
python -m ase_ecn.training ensemble runs/ecn-mp20-so3/ecn-mp20-so3.safetensors runs/ecn-mp20-so3-longer/ecn-mp20-so3-longer.safetensors \
    runs/ecn-mp20-so3-without-dropout/ecn-mp20-so3-without-dropout.safetensors --weigh --half --name ecn-mp20-so3 --data "$data"
python -m ase_ecn.training calibrate runs/ecn-mp20-so3/ecn-mp20-so3.safetensors --labels runs/labels/near_hull.jsonl.gz --label-error 0.0155 --data "$data"
python -m ase_ecn.training domain runs/ecn-mp20-so3/ecn-mp20-so3.safetensors --data "$data"
python -m ase_ecn.training evaluate runs/ecn-mp20-so3/ecn-mp20-so3.safetensors --write --data "$data"
