"""The `simpul` command: each noun a module, imported when it is called."""
