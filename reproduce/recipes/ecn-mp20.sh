#!/usr/bin/env bash
# Makes the bundled ecn-mp20: three networks, joined and calibrated.
# Usage: bash reproduce/recipes/ecn-mp20.sh DATA
# Results go to runs/; a fit that was interrupted goes on when the script is run again.
set -euo pipefail
cd "$(dirname "$0")/../.."
data=$(realpath "${1:?give the folder of data sets, see docs/data.md}")

python -m ase_ecn.training fit-ecn --config reproduce/configs/ecn_mp20.yaml --out runs/ecn-mp20-first --data "$data"
python -m ase_ecn.training fit-ecn --config reproduce/configs/ecn_mp20_continued.yaml --out runs/ecn-mp20-angles \
    --init runs/ecn-mp20-first/ecn-mp20.safetensors --data "$data"
python -m ase_ecn.training fit-ecn --config reproduce/configs/ecn_mp20_properties.yaml --out runs/ecn-mp20-properties --data "$data"
python -m ase_ecn.training fit-ecn --config reproduce/configs/ecn_mp20_moments.yaml --out runs/ecn-mp20-moments --data "$data"
python -m ase_ecn.training ensemble runs/ecn-mp20.safetensors --weigh --data "$data" \
    runs/ecn-mp20-moments/ecn-mp20.safetensors \
    runs/ecn-mp20-properties/ecn-mp20.safetensors \
    runs/ecn-mp20-angles/ecn-mp20.safetensors
python -m ase_ecn.training calibrate runs/ecn-mp20.safetensors --data "$data"
python -m ase_ecn.training domain runs/ecn-mp20.safetensors --data "$data"
python -m ase_ecn.training evaluate runs/ecn-mp20.safetensors --split val --write --data "$data"
python -m ase_ecn.training evaluate runs/ecn-mp20.safetensors --write --data "$data"
