#!/bin/sh
# Compile the two programs of examples/, let each crash, and let Obit say why. BIN is where `obit` is.
set -eu
mkdir -p build/examples
cc -g -Wall examples/cart.c -o build/examples/cart
c++ -std=c++17 -g -Wall examples/inventory.cpp -o build/examples/inventory
export OBIT_HOME="${OBIT_HOME:-$PWD/build/examples/faults}"
for program in cart inventory; do
    printf '\n$ obit run -- build/examples/%s\n' "$program"
    status=0
    "$BIN/obit" run -- "build/examples/$program" || status=$?
    # 139 is 128 + SIGSEGV: the program's own status, which `obit run` passes on.
    [ "$status" = 139 ] || { echo "demo: obit run ended with status $status instead of 139" >&2; exit 1; }
done
