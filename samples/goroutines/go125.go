//go:build go1.25

package main

import (
	"runtime"

	"gdbext.example/samples/internal/report"
)

func init() {
	// In 1.24 cleanups run on the finalizer goroutine, which is taken.
	more = append(more, func() {
		freed := &struct{ words [10]*int }{}
		runtime.AddCleanup(freed, func(int) {
			ids <- report.Goid()
			<-park
		}, 1)
		freed = nil
		runtime.GC()
		planted("cleanup")
	})
}
