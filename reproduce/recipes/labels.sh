#!/usr/bin/env bash
# Makes further labels for ecn-mp20-so3 and ecn-mp: crystals that vibrate, are squeezed, or are
# taken for stable by the network, labelled by the potential of docs/data.md, and DFT's forces of
# nine elements; and for ecn-tensors: elastic tensors by the same potential.
# Usage: bash reproduce/recipes/labels.sh DATA
# Needs: pip install nequix
set -euo pipefail
cd "$(dirname "$0")/../.."
data=$(realpath "${1:?give the folder of data sets, see docs/data.md}")
labels=runs/labels
mkdir -p $labels

python - "$data" > $labels/wbm.txt <<'PYTHON'
import sys
from pathlib import Path

from ase_ecn.training.data.wbm import read_wbm

for crystal in read_wbm(Path(sys.argv[1]))[0]:
    print(crystal.to_atoms().get_chemical_formula())
PYTHON
python -m ase_ecn.training candidates mp_20 --kind vibrating --count 20000 --seed 3 --max-atoms 16 \
    --exclude $labels/wbm.txt --output $labels/vibrating_candidates.jsonl.gz --data "$data"
python -m ase_ecn.training candidates mp_20 --kind squeezed --count 4000 --seed 4 --max-atoms 16 \
    --exclude $labels/wbm.txt --output $labels/squeezed_candidates.jsonl.gz --data "$data"
python -m ase_ecn.training candidates mp_20 --kind near-hull --count 55000 --seed 5 \
    --exclude $labels/wbm.txt --output $labels/near_hull_candidates.jsonl.gz --data "$data"
for kind in vibrating squeezed near_hull; do
    python -m ase_ecn.training label $labels/${kind}_candidates.jsonl.gz \
        --output $labels/$kind.jsonl.gz --data "$data" \
        --calculator nequix.calculator:NequixCalculator --option model_name=nequix-oam-1
done
python - "$data" > $labels/elastic_candidates.jsonl <<'PYTHON'
import json
import sys
from itertools import islice
from pathlib import Path

import numpy as np

from ase_ecn.readers.json_lines import structure_fields
from ase_ecn.training.data.datasets import read_mp20, reduced_formula

train, *held = (read_mp20(Path(sys.argv[1]), split) for split in ("train", "val", "test"))
without = {reduced_formula(crystal.numbers) for part in held for crystal in part.crystals}
order = np.random.default_rng(7).permutation(len(train))
cells = ((train.ids[k], train.crystals[k].primitive.crystal) for k in order)
small = ((name, c) for name, c in cells if len(c) <= 8 and reduced_formula(c.numbers) not in without)
for name, crystal in islice(small, 6500):
    print(json.dumps({"source": name, **structure_fields(crystal.to_atoms())}))
PYTHON
python -m ase_ecn.training label $labels/elastic_candidates.jsonl --elastic \
    --output $labels/elastic.jsonl.gz --data "$data" \
    --calculator nequix.calculator:NequixCalculator --option model_name=nequix-oam-1
python -m reproduce force-sets ecn-universal --labels $labels/force_sets.jsonl.gz --data "$data"
