#!/usr/bin/env bash
# Makes the bundled ecn-mp: its first member continues the bundled ecn-mp20-so3 with all data.
# Usage: bash reproduce/recipes/ecn-mp.sh DATA, after labels.sh
# Results go to runs/; a fit that was interrupted goes on when the script is run again.
set -euo pipefail
cd "$(dirname "$0")/../.."
data=$(realpath "${1:?give the folder of data sets, see docs/data.md}")

python -m ase_ecn.training fit-properties --config reproduce/configs/ecn_mp.yaml --out runs/ecn-mp-forces \
    --init ecn-mp20-so3 --data "$data"
python -m ase_ecn.training fit-properties --config reproduce/configs/ecn_mp_longer.yaml --out runs/ecn-mp-longer \
    --init runs/ecn-mp-forces/ecn-mp.safetensors --data "$data"

# The second member began with an earlier one of ecn-mp20-so3, which is not bundled any more.
python -m ase_ecn.training fit-properties --config reproduce/configs/ecn_mp20_so3_start.yaml --out runs/ecn-mp20-so3-start \
    --init ecn-universal --data "$data"
python -m ase_ecn.training fit-properties --config reproduce/configs/ecn_mp20_so3.yaml --out runs/ecn-mp20-so3-forces \
    --init runs/ecn-mp20-so3-start/ecn-mp20-so3-start.safetensors --data "$data"
python -m ase_ecn.training fit-properties --config reproduce/configs/ecn_mp20_so3_properties.yaml --out runs/ecn-mp20-so3-properties \
    --init runs/ecn-mp20-so3-forces/ecn-mp20-so3.safetensors --data "$data"
python -m ase_ecn.training fit-properties --config reproduce/configs/ecn_mp_properties.yaml --out runs/ecn-mp-properties \
    --init runs/ecn-mp20-so3-properties/ecn-mp20-so3-properties.safetensors --data "$data"
python -m ase_ecn.training fit-heads runs/ecn-mp-properties/ecn-mp-properties.safetensors --properties magnetization fermi_level band_gap --data "$data"
python -m ase_ecn.training ensemble runs/ecn-mp/ecn-mp.safetensors runs/ecn-mp-longer/ecn-mp-longer.safetensors \
    runs/ecn-mp-properties/ecn-mp-properties.safetensors --weigh --half --data "$data"
python -m ase_ecn.training calibrate runs/ecn-mp/ecn-mp.safetensors --labels runs/labels/near_hull.jsonl.gz --label-error 0.0155 --data "$data"
python -m ase_ecn.training domain runs/ecn-mp/ecn-mp.safetensors --data "$data"
python -m ase_ecn.training evaluate runs/ecn-mp/ecn-mp.safetensors --write --data "$data"
