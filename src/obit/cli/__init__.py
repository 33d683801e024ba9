"""The command line: one module a command.

A command is a module here, imported only when it is asked for. It has

- a docstring: the first line is its summary in `obit --help`, the whole is what `obit COMMAND --help` says, with an example;
- `add_arguments(parser)`: its options and operands;
- `run(arguments) -> int`: does it; the exit status. An `ObitError` that it raises is printed by `main`, and nowhere else.
"""
