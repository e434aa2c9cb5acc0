"""The live pointer words of goroutine stacks (runtime/mgcstack.go, scanstack in runtime/mgcmark.go)."""
