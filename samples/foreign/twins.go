//go:build twins

package main

import (
	"context"
	"runtime"
	"sync"
	"time"
	"unsafe"

	"gdbext.example/samples/internal/report"
)

// twin is a cancelCtx to the eye: its size, its pointers, its channel where that has one.
type twin struct {
	context.Context
	mu       sync.Mutex
	done     any
	children map[any]struct{}
	err      any
	cause    error
}

// twinContext is the same, and a context.
type twinContext struct {
	twin
}

func (*twinContext) Deadline() (time.Time, bool) { return time.Time{}, false }
func (t *twinContext) Done() <-chan struct{}     { return t.done.(chan struct{}) }
func (*twinContext) Err() error                  { return nil }
func (*twinContext) Value(any) any               { return nil }

func plantUserCode() {}

func plantTwins() {
	ids := make(chan int64)
	parent := kept[len(kept)-1]
	decoy := &twin{Context: parent, done: make(chan struct{})}
	told.Decoys = append(told.Decoys, hex(uintptr(unsafe.Pointer(decoy))))
	go waitTwin(decoy, ids)
	waiting = append(waiting, <-ids)
	plantChildren(&twinContext{twin{Context: parent, done: make(chan struct{})}}, addressOf(parent))
}

//go:noinline
func waitTwin(one *twin, ids chan<- int64) {
	ids <- report.Goid()
	<-one.done.(chan struct{})
	runtime.KeepAlive(one)
	runtime.KeepAlive(one.Context.Err())
}
