"""The ``diffsheg`` command. Each subcommand is a module with a function of the same name.

The function is the interface: its signature gives the options and its docstring the help. The
module's ``EXAMPLE`` is a command line that works. Imports: everything in diffsheg_model.
"""
