package main

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

type (
	intKey    int
	structKey struct {
		tenant string
		shard  int
	}
	pointerKey struct{ name string }
	emptyKey   struct{}
)

// scope is what many programs write: a context with things of their own, by pointer.
type scope struct {
	id string
	context.Context
}

// request is the same by value: the interface's data word points to a copy on the heap.
type request struct {
	context.Context
	id int
}

// named keeps its parent in a field of another name.
type named struct {
	label  string
	parent context.Context
}

func (n *named) Deadline() (time.Time, bool) { return n.parent.Deadline() }
func (n *named) Done() <-chan struct{}       { return n.parent.Done() }
func (n *named) Err() error                  { return n.parent.Err() }
func (n *named) Value(key any) any           { return n.parent.Value(key) }

// foreign has a Done channel of its own, so package context starts a goroutine for each child of it.
type foreign struct {
	done chan struct{}
	name string
}

func (*foreign) Deadline() (time.Time, bool) { return time.Time{}, false }
func (f *foreign) Done() <-chan struct{}     { return f.done }
func (*foreign) Err() error                  { return nil }
func (*foreign) Value(any) any               { return nil }

// foreignAfter offers AfterFunc: its children get a stopCtx between, and no goroutine.
type foreignAfter struct {
	foreign
	pending []func()
}

func (f *foreignAfter) AfterFunc(fn func()) func() bool {
	f.pending = append(f.pending, fn)
	return func() bool { return true }
}

// The decoys: the size class and the pointer mask of package context's own types, and a real context in front.
type (
	valueTwin struct {
		context.Context
		a, b any
	}
	cancelTwin struct {
		context.Context
		mu       sync.Mutex
		done     atomic.Value
		children map[any]struct{}
		err      atomic.Value
		cause    error
	}
	timerTwin struct {
		cancelTwin
		timer    *time.Timer
		deadline time.Time
	}
	afterTwin struct {
		cancelTwin
		once sync.Once
		f    func()
	}
)
