package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"sync"
	"syscall"
	"time"

	"gdbext.example/samples/internal/report"
)

// roots are the contexts that live on, with cancel functions that are never fired.
var roots []context.CancelFunc

// kept are contexts that somebody still has, whose cancel may be gone.
var kept []context.Context

// A place puts a cancel function somewhere, and says how it is fired from there; nil where nobody can.
type place struct {
	name string
	put  func(context.CancelFunc) func()
}

type owner struct {
	name   string
	cancel context.CancelFunc
	next   *owner
}

type ender interface{ end() }

func (o *owner) end() { o.cancel() }

var (
	owners    *owner
	functions []func()
	byName    = map[string]context.CancelFunc{}
	anys      = map[int]any{}
	tail      = make([]context.CancelFunc, 0, 1<<16)
	buffered  []chan context.CancelFunc
	shared    sync.Map
	pool      sync.Pool
	enders    []ender
	values    []context.Context
	timers    []*time.Timer
	pointers  []*context.CancelFunc
	arrays    []*[3]context.CancelFunc
)

type key struct{}

var places = []place{
	{"dropped", func(context.CancelFunc) func() { return nil }},
	{"dropped", func(context.CancelFunc) func() { return nil }},
	{"structure", func(cancel context.CancelFunc) func() {
		one := &owner{name: "o", cancel: cancel, next: owners}
		owners = one
		return one.end
	}},
	{"closure", func(cancel context.CancelFunc) func() {
		number := len(functions)
		functions = append(functions, func() { cancel(); number++ })
		return func() { functions[number]() }
	}},
	{"map", func(cancel context.CancelFunc) func() {
		name := fmt.Sprint("cancel ", len(byName))
		byName[name] = cancel
		return func() { byName[name]() }
	}},
	{"any", func(cancel context.CancelFunc) func() {
		number := len(anys)
		anys[number] = cancel
		return func() { anys[number].(context.CancelFunc)() }
	}},
	{"tail of a slice", func(cancel context.CancelFunc) func() {
		number := len(tail)
		tail = append(tail, cancel)
		return func() { tail[:number+1][number]() }
	}},
	{"channel's buffer", func(cancel context.CancelFunc) func() {
		channel := make(chan context.CancelFunc, 2)
		channel <- cancel
		buffered = append(buffered, channel)
		return func() { (<-channel)() }
	}},
	{"blocked sender", func(cancel context.CancelFunc) func() {
		channel := make(chan context.CancelFunc)
		wait(func() { channel <- cancel })
		buffered = append(buffered, channel)
		return func() { (<-channel)() }
	}},
	{"blocked sender, nobody receives", func(cancel context.CancelFunc) func() {
		channel := make(chan context.CancelFunc)
		wait(func() { channel <- cancel })
		return nil
	}},
	{"sync.Map", func(cancel context.CancelFunc) func() {
		at := new(int)
		shared.Store(at, cancel)
		return func() {
			found, _ := shared.Load(at)
			found.(context.CancelFunc)()
		}
	}},
	{"method value", func(cancel context.CancelFunc) func() {
		end := (&owner{name: "m", cancel: cancel}).end
		functions = append(functions, end)
		return end
	}},
	{"interface", func(cancel context.CancelFunc) func() {
		enders = append(enders, &owner{name: "i", cancel: cancel})
		return enders[len(enders)-1].end
	}},
	{"value of a context", func(cancel context.CancelFunc) func() {
		ctx := context.WithValue(context.Background(), key{}, cancel)
		values = append(values, ctx)
		return ctx.Value(key{}).(context.CancelFunc)
	}},
	{"timer", func(cancel context.CancelFunc) func() {
		timer := time.AfterFunc(time.Hour, cancel)
		timers = append(timers, timer)
		return func() { timer.Reset(0) }
	}},
	{"timer nobody has", func(cancel context.CancelFunc) func() {
		time.AfterFunc(time.Hour, cancel)
		return nil // it will fire, in an hour
	}},
	{"timer that was stopped", func(cancel context.CancelFunc) func() {
		time.AfterFunc(time.Hour, cancel).Stop()
		return nil
	}},
	{"pointer", func(cancel context.CancelFunc) func() {
		at := new(context.CancelFunc)
		*at = cancel
		pointers = append(pointers, at)
		return func() { (*at)() }
	}},
	{"array", func(cancel context.CancelFunc) func() {
		at := new([3]context.CancelFunc)
		at[2] = cancel
		arrays = append(arrays, at)
		return func() { at[2]() }
	}},
	{"sync.Pool", func(cancel context.CancelFunc) func() {
		pool.Put(&owner{name: "p", cancel: cancel})
		return nil // the collections before the look threw it away, or it is found: nobody counts on either
	}},
	{"finalizer", func(cancel context.CancelFunc) func() {
		one := &owner{name: "f"}
		owners = &owner{name: "keeps", next: one, cancel: func() {}}
		functions = append(functions, func() { runtime.KeepAlive(one) })
		runtime.SetFinalizer(one, func(*owner) { cancel() })
		return cancel
	}},
	{"AfterFunc of another", func(cancel context.CancelFunc) func() {
		other, end := context.WithCancel(context.Background())
		stop := context.AfterFunc(other, cancel)
		functions = append(functions, end)
		runtime.KeepAlive(stop)
		return end
	}},
	{"deferred, waits for somebody", func(cancel context.CancelFunc) func() {
		channel := make(chan struct{})
		wait(func() { defer cancel(); <-channel })
		return func() { close(channel) }
	}},
	{"deferred, waits for ever", func(cancel context.CancelFunc) func() {
		channel := make(chan struct{})
		wait(func() { defer cancel(); <-channel })
		return nil
	}},
	{"deferred, in select {}", func(cancel context.CancelFunc) func() {
		wait(func() { defer cancel(); select {} })
		return nil
	}},
	{"deferred, waits for a lock", func(cancel context.CancelFunc) func() {
		lock := new(sync.Mutex)
		lock.Lock()
		wait(func() { defer cancel(); lock.Lock() })
		return lock.Unlock
	}},
	{"deferred, waits for a lock nobody has", func(cancel context.CancelFunc) func() {
		lock := new(sync.Mutex)
		lock.Lock()
		wait(func() { defer cancel(); lock.Lock() })
		return nil
	}},
	{"deferred, waits for a group", func(cancel context.CancelFunc) func() {
		group := new(sync.WaitGroup)
		group.Add(1)
		wait(func() { defer cancel(); group.Wait() })
		return group.Done
	}},
	{"deferred, waits for a condition", func(cancel context.CancelFunc) func() {
		condition := sync.NewCond(new(sync.Mutex))
		wait(func() { defer cancel(); condition.L.Lock(); condition.Wait() })
		return condition.Broadcast
	}},
	{"deferred, sleeps", func(cancel context.CancelFunc) func() {
		wait(func() { defer cancel(); time.Sleep(time.Hour) })
		return nil // in an hour
	}},
	{"deferred, waits for a ticker", func(cancel context.CancelFunc) func() {
		wait(func() { defer cancel(); <-time.After(time.Hour) })
		return nil // in an hour
	}},
	{"deferred, waits for a deadline", func(cancel context.CancelFunc) func() {
		ctx, end := context.WithTimeout(context.Background(), time.Hour)
		runtime.KeepAlive(end)
		wait(func() { defer cancel(); <-ctx.Done() })
		return nil // in an hour
	}},
	{"deferred, waits for a context that is held", func(cancel context.CancelFunc) func() {
		ctx, end := context.WithCancel(context.Background())
		functions = append(functions, end)
		wait(func() { defer cancel(); <-ctx.Done() })
		return end
	}},
	{"deferred, waits for a context that is lost", func(cancel context.CancelFunc) func() {
		ctx, dropped := context.WithCancel(parents[0].make())
		_ = dropped
		wait(func() { defer cancel(); <-ctx.Done() })
		return nil
	}},
	{"busy goroutine", spin},
	{"AfterFunc of a lost one", func(cancel context.CancelFunc) func() {
		other, dropped := context.WithCancel(parents[0].make())
		_ = dropped
		stop := context.AfterFunc(other, cancel)
		runtime.KeepAlive(stop)
		return nil // it is called when the root ends
	}},
	{"goroutine's variable", func(cancel context.CancelFunc) func() {
		channel := make(chan struct{})
		wait(func() { <-channel; cancel() })
		return func() { close(channel) }
	}},
}

// wait starts a goroutine that stays where it waits, and notes it.
func wait(work func()) {
	number := make(chan int64)
	go func() {
		number <- report.Goid()
		work()
	}()
	told.Waiting = append(told.Waiting, <-number)
}

// foreign is a user's own kind of context, with a channel of its own.
type foreign struct {
	context.Context
	done chan struct{}
}

func (f *foreign) Done() <-chan struct{} { return f.done }
func (f *foreign) Value(name any) any    { return nil }

func plantRoots() {
	for i := 0; i < 3; i++ {
		ctx, cancel := context.WithCancel(context.Background())
		roots = append(roots, cancel)
		one := note(ctx, "root", "", "", true)
		one.Root = true
		parents = append(parents, parent{one, func() context.Context { return ctx }})
	}
}

// plant makes one context somewhere below a root, keeps it or not, and puts its cancel function in a place.
func plant() {
	above := parents[dice.Intn(len(parents))]
	base, over := above.make(), above.of.Address
	switch dice.Intn(8) {
	case 0:
		base = context.WithValue(base, key{}, over)
	case 1:
		base = &foreign{base, make(chan struct{})}
	case 2:
		base, over = context.WithoutCancel(base), ""
	case 3:
		base, over = context.Background(), ""
	}
	ctx, cancel := child(base)
	where := places[dice.Intn(len(places))]
	one := note(ctx, where.name, "", over, false)
	fire := where.put(cancel)
	one.Reachable = fire != nil
	if fire != nil {
		fires = append(fires, firing{one, fire})
	}
	keep(one, ctx)
}

// late are places that a collection would empty.
var late []place

// plantLate fills them after the last collection.
func plantLate(planted chan<- struct{}) {
	defer close(planted)
	for _, where := range late {
		for i := 0; i < 3; i++ {
			ctx, cancel := context.WithCancel(parents[0].make())
			one := note(ctx, where.name, "", parents[0].of.Address, true)
			fires = append(fires, firing{one, where.put(cancel)})
		}
	}
}

func child(base context.Context) (context.Context, context.CancelFunc) {
	switch dice.Intn(5) {
	case 0:
		ctx, cancel := context.WithCancelCause(base)
		return ctx, func() { cancel(os.ErrClosed) }
	case 1:
		return context.WithTimeout(base, 2*time.Hour)
	case 2:
		ctx, cancel := signal.NotifyContext(base, syscall.SIGUSR1)
		return inner(ctx), cancel
	}
	return context.WithCancel(base)
}

// keep lets some contexts be known to somebody, and some be parents of others.
func keep(one *record, ctx context.Context) {
	switch dice.Intn(4) {
	case 0:
		one.Kept = "global"
		kept = append(kept, ctx)
	case 1:
		one.Kept = "waiter"
		wait(func() { <-ctx.Done() })
	case 2:
		one.Kept = "parent"
		parents = append(parents, parent{one, func() context.Context { return ctx }})
	}
}
