"""Our commands inside GDB. The only importer of gdb beside target/inferior*.py and gdbinit.py."""
