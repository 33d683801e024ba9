"""Print the C source of `obit.debuginfo._libdw`: what of libdw and libelf Python sees."""

import sys
from pathlib import Path

import cffi

HERE = Path(__file__).parent

ffi = cffi.FFI()
ffi.cdef((HERE / "declarations.h").read_text())
ffi.set_source("_libdw", '#include "helpers.h"')

if __name__ == "__main__":
    ffi.emit_c_code(sys.argv[1])
