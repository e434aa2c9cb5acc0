"""What is kept on disk: private files, written atomically, owner and size checked."""
