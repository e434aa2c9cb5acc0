package main

import (
	"context"
	"runtime"
	"time"
	"unsafe"

	"gdbext.example/samples/internal/report"
)

// foreign has a Done channel of its own, so package context starts a goroutine for each child of it.
type foreign struct{ done chan struct{} }

func (*foreign) Deadline() (time.Time, bool) { return time.Time{}, false }
func (f *foreign) Done() <-chan struct{}     { return f.done }
func (*foreign) Err() error                  { return nil }
func (*foreign) Value(any) any               { return nil }

// large lies behind a malloc header from Go 1.22 on.
type large struct {
	foreign
	session [1000]*int
}

// offers has AfterFunc: its children get a stopCtx between, and no goroutine.
type offers struct {
	foreign
	pending []func()
}

func (o *offers) AfterFunc(fn func()) func() bool {
	o.pending = append(o.pending, fn)
	return func() bool { return true }
}

var (
	kept []context.Context
	raw  []unsafe.Pointer // keeps objects alive and says nothing of their types
)

func plantForeign() {
	for _, parent := range []context.Context{&foreign{make(chan struct{})}, &large{foreign: foreign{make(chan struct{})}}} {
		plantChildren(parent, "")
	}
	offered := &offers{foreign: foreign{make(chan struct{})}}
	kept = append(kept, offered)
	note("foreign with AfterFunc", offered, "")
	plantStopped(offered)
}

// plantChildren: each is held by its watcher alone, an AfterFunc's too.
//
//go:noinline
func plantChildren(parent context.Context, above string) {
	where := addressOf(parent)
	for i := 0; i < *many; i++ {
		ctx, cancel := context.WithCancel(parent)
		note("child of foreign", ctx, where).Waiters = 1
		_ = cancel
	}
	for i := 0; i < *many; i++ {
		ctx, cancel := context.WithTimeout(parent, time.Hour)
		note("timeout of foreign", ctx, where).Waiters = 1
		_ = cancel
	}
	for i := 0; i < *many; i++ {
		noteAfterFunc("AfterFunc of foreign", context.AfterFunc(parent, func() {}), where).Waiters = 1
	}
	watchers += 3 * *many
	note("foreign", parent, above).Waiters = 3 * *many
}

//go:noinline
func plantStopped(parent *offers) {
	ctx, cancel := context.WithCancel(parent)
	between := hex((*(**[2]uintptr)(unsafe.Pointer(&(*[2]uintptr)(unsafe.Pointer(&ctx))[1])))[1]) // its parent's data word
	noteAt("stopCtx", between, "context.stopCtx", addressOf(parent))
	note("child of stopCtx", ctx, between)
	_ = cancel
}

// plantAfterFuncs: this program never makes one a context.Context.
//
//go:noinline
func plantAfterFuncs() {
	parent, cancel := context.WithCancel(context.Background())
	kept = append(kept, parent)
	note("parent of AfterFuncs", parent, "background").Registered = *many
	for i := 0; i < *many; i++ {
		noteAfterFunc("AfterFunc", context.AfterFunc(parent, func() {}), addressOf(parent))
	}
	_ = cancel
}

// waitThenUse keeps the interface's two words where it likes.
//
//go:noinline
func waitThenUse(ctx context.Context, ids chan<- int64) {
	ids <- report.Goid()
	<-ctx.Done()
	runtime.KeepAlive(ctx.Err())
}

// waitOnly keeps nothing but the channel.
//
//go:noinline
func waitOnly(done <-chan struct{}, ids chan<- int64) {
	ids <- report.Goid()
	<-done
}

// holdCancel keeps nothing but the cancel function.
//
//go:noinline
func holdCancel(cancel context.CancelFunc, ids chan<- int64) {
	defer cancel()
	ids <- report.Goid()
	<-park
}
