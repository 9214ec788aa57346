"""The engine owns the data: it runs steps, answers commands, streams entries. Screens are guests."""
