"""The ``diffsheg`` command. Each command is a module with a function of its name.

A command's function is its interface: the signature gives the options, the docstring the help, and
``EXAMPLE`` a line that works. Required arguments are positional where the module says
``POSITIONAL = True``.
"""
