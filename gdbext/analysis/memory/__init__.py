"""What a process's memory is used for."""
