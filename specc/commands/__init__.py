"""The commands of `specc`, a module for each group; `specc.cli` puts them together.

Every module declares its commands in `add_commands` and imports what a command needs when it runs.
"""
