"""Benches: every figure beside a yardstick measured in the same run. `bench/README.md` tells how to add one."""
