"""Go records as columns, lines and trees: written once for every form in which an answer is shown."""
