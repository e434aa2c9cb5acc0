"""Every type of a program as arrays that compiled loops read: masks, and which words of a value say what."""
