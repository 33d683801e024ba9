"""Programs that crash, each exercising something that a crash reporter must read; see `matrix` for the list."""
