/* What the cffi extension compiles against. */
#pragma once
static int obit_libdw_abi(void) { return 1; }
