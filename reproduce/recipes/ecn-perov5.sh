#!/usr/bin/env bash
# Makes the bundled ecn-perov5: three networks, joined.
# Usage: bash reproduce/recipes/ecn-perov5.sh DATA
# Results go to runs/; a fit that was interrupted goes on when the script is run again.
set -euo pipefail
cd "$(dirname "$0")/../.."
data=$(realpath "${1:?give the folder of data sets, see docs/data.md}")

# These also train on the validation split (with_val); leave that out to choose something on it.
python -m ase_ecn.training fit-ecn --config reproduce/configs/ecn_perov5_batch32.yaml --out runs/ecn-perov5-32 --data "$data"
python -m ase_ecn.training fit-ecn --config reproduce/configs/ecn_perov5_batch16.yaml --out runs/ecn-perov5-16 --data "$data"
python -m ase_ecn.training fit-ecn --config reproduce/configs/ecn_perov5_properties.yaml --out runs/ecn-perov5-properties --data "$data"
python -m ase_ecn.training ensemble runs/ecn-perov5.safetensors \
    runs/ecn-perov5-32/ecn-perov5.safetensors runs/ecn-perov5-16/ecn-perov5.safetensors \
    runs/ecn-perov5-properties/ecn-perov5.safetensors
python -m ase_ecn.training domain runs/ecn-perov5.safetensors --data "$data"
python -m ase_ecn.training evaluate runs/ecn-perov5.safetensors --write --data "$data"
