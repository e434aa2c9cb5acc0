//go:build go1.23

package main

import (
	"iter"
	"runtime"

	"gdbext.example/samples/internal/report"
)

func init() {
	more = append(more, func() {
		next, stop := iter.Pull(func(yield func(int64) bool) {
			yield(report.Goid())
			yield(0)
		})
		goid, _ := next()
		told.Plants = append(told.Plants, &record{Name: "coroutine", Goid: goid, Fate: Woken})
		lost := make(chan int)
		plant("has a coroutine", Leaked, "channel", func() { <-lost; stop(); runtime.KeepAlive(next) }).on(lost)
	})
}
