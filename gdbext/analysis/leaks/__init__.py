"""Which contexts and goroutines nothing can end any more, proved, and what they keep alive.

What both proofs rest on: facts, blocking (who waits), registrations (edges that only register), holders (who cancels).
The proofs: proof and verdicts of contexts, leaked of goroutines, doubts of both. What is kept: kept by sets of
contexts, retained by each, keptbygoroutines. The answers: leaks (go-ctxleaks), stuck (go-goroutineleaks), waitgraph.
"""
