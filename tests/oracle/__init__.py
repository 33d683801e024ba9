"""gdb as the oracle: what it says of every crash program's frames and variables, compared with Obit's document."""
