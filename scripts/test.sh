#!/usr/bin/env bash
# Run the tests.
#
#   scripts/test.sh                                 all but the slow ones
#   scripts/test.sh tests/model/features/test_mel.py -k stream     some, as pytest takes them
#
# Tests that only compute, and tests of nodes at any pace (mark `untimed`), run two at a time. The
# other tests of nodes and all tests in a browser depend on time: they have the machine to themselves.
set -uo pipefail

[ $# -eq 0 ] || exec python -m pytest "$@"

OMP_NUM_THREADS=1 python -m pytest -n 2 --dist loadfile --durations=10 \
    -m 'not slow and not browser and (untimed or not ros)'
beside=$?
python -m pytest --durations=10 -m 'not slow and (browser or ros and not untimed)'
alone=$?
exit $((beside || alone))
