"""Which contexts and goroutines nothing can end any more, proved, and what they keep alive."""
