int obit_libdw_abi(void);
