int obit_capstone_abi(void);
