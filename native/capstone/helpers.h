/* What the cffi extension compiles against. */
#pragma once
static int obit_capstone_abi(void) { return 1; }
