#!/usr/bin/env bash
# Run the tests.
#
#   scripts/test.sh                                 all but the slow ones
#   scripts/test.sh tests/model/features/test_mel.py -k stream     some, as pytest takes them
#
# What only computes runs on two cores side by side; what starts nodes or a browser goes by the
# clock and has the machine for itself.
set -uo pipefail

[ $# -eq 0 ] || exec python -m pytest "$@"

OMP_NUM_THREADS=1 python -m pytest -n 2 --dist loadfile -m 'not slow and not ros and not browser'
computing=$?
python -m pytest -m 'not slow and (ros or browser)'
nodes=$?
exit $((computing || nodes))
