package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os/signal"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unsafe"

	"gdbext.example/samples/internal/report"
)

// Where contexts are kept. Each variable is the only holder of what it holds.
var (
	kept        = map[string]context.Context{}
	keptCancels []context.CancelFunc
	keptStops   []func() bool
	global      context.Context
	onlyCancel  context.CancelFunc
	onlyClosure func() error
	buffered    = make(chan context.Context, 4)
	keptDecoys  []any
	keptTwins   struct {
		value  *valueTwin
		cancel *cancelTwin
		timer  *timerTwin
		after  *afterTwin
	}
)

func keep(name string, ctx context.Context) { kept[name] = ctx }

func keepCancel[F ~func() | ~func(error)](cancel F) {
	keptCancels = append(keptCancels, *(*context.CancelFunc)(unsafe.Pointer(&cancel)))
}

// plant keeps the context in the global map and notes it.
func (f *forest) plant(name string, ctx context.Context) context.Context {
	keep(name, ctx)
	f.note(name, ctx)
	return ctx
}

func (f *forest) plantCancel(name string, parent context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(parent)
	keepCancel(cancel)
	return f.plant(name, ctx), cancel
}

func plantCancels(f *forest) {
	root, _ := f.plantCancel("cancel", context.Background())
	f.plantCancel("cancel, Done never asked for", root)
	asked, _ := f.plantCancel("cancel, Done asked for", root)
	_ = asked.Done()

	cancelled, cancel := f.plantCancel("cancelled before Done", root)
	cancel()
	f.plantCancel("child of a cancelled one", cancelled)
	cancelled, cancel = f.plantCancel("cancelled after Done", root)
	_ = cancelled.Done()
	cancel()

	withCause, cancelCause := context.WithCancelCause(root)
	f.plant("cause, live", withCause)
	keepCancel(cancelCause)
	withCause, cancelCause = context.WithCancelCause(root)
	f.plant("cause, cancelled", withCause)
	f.plant("value under cancelled", context.WithValue(withCause, "k", "v"))
	f.plantCancel("child cancelled with its parent", withCause)
	cancelCause(errors.New("disk on fire"))

	parent, cancel := f.plantCancel("parent whose children were cancelled", root)
	for i := 0; i < 3; i++ {
		f.plantCancel("cancelled with parent "+strconv.Itoa(i), parent)
	}
	cancel()

	stop := context.AfterFunc(root, func() {})
	keptStops = append(keptStops, stop)
	f.noteAfterFunc("AfterFunc, pending", stop)
}

// noteAfterFunc: nobody is given an afterFuncCtx; the stop function captures it and nothing else. Its first word must be
// the itab that a cancelCtx's children have; records checks it against the parent's children map.
func (f *forest) noteAfterFunc(name string, stop func() bool) {
	closure := *(**[2]uintptr)(unsafe.Pointer(&stop))
	registered := registeredAfterFunc(kept["cancel"], closure[1])
	w := words{wordsOf(registered)[0], closure[1]}
	f.note(name, w.context())
}

// registeredAfterFunc finds the afterFuncCtx at address among parent's children, as a context.Context.
func registeredAfterFunc(parent context.Context, address uintptr) context.Context {
	w := wordsOf(parent)
	for _, key := range cancelOf(structOf(&w)).FieldByName("children").MapKeys() {
		if key.Elem().Pointer() == address {
			return asContext(key.Elem())
		}
	}
	panic("the AfterFunc context is not registered")
}

func plantDeadlines(f *forest) {
	root, _ := f.plantCancel("root of deadlines", context.Background())
	plant := func(name string, parent context.Context, left time.Duration) context.Context {
		ctx, cancel := context.WithTimeout(parent, left)
		keepCancel(cancel)
		return f.plant(name, ctx)
	}
	far := plant("timeout, far", root, time.Hour)
	plant("timeout under background", context.Background(), 2*time.Hour)
	plant("deadline shortened by its parent's", far, 3*time.Hour) // becomes a cancelCtx
	<-plant("timeout, expired", root, time.Millisecond).Done()
	plant("deadline in the past", root, -time.Second)
	ctx, cancel := context.WithDeadlineCause(root, time.Now().Add(time.Millisecond), errors.New("too slow"))
	keepCancel(cancel)
	f.plant("deadline with cause, expired", ctx)
	<-ctx.Done()
	ctx, cancel = context.WithTimeout(root, time.Hour)
	f.plant("timeout, cancelled early", ctx)
	cancel()
}

func plantValues(f *forest) {
	root, _ := f.plantCancel("root of values", context.Background())
	keep := func(name string, key, value any) { f.plant(name, context.WithValue(root, key, value)) }
	keep("string key", "tenant", "acme")
	keep("typed int key", intKey(7), 42)
	keep("struct key", structKey{"acme", 3}, true)
	keep("pointer key", &pointerKey{"auth"}, &pointerKey{"token"})
	keep("empty struct key", emptyKey{}, 2.5)
	keep("nil value", "nothing", nil)
	keep("hostile value", "hostile", "\x1b[31mred\x1b[0m\n\x00\xff\xfe\u202egnp.exe")
	keep("hostile key", "\x1b]0;title\x07\n", "x")
	keep("long value", "long", strings.Repeat("long ", 2000))
	keep("error value", "error", errors.New("kept"))
	keep("slice value", "slice", []string{"a", "b"})
	ctx := root
	for i := 0; i < *deep; i++ {
		ctx = context.WithValue(ctx, intKey(i), strconv.Itoa(i))
		f.note("deep "+strconv.Itoa(i), ctx)
	}
	f.plantCancel("end of the deep chain", ctx)
}

func plantUserTypes(f *forest) {
	root, _ := f.plantCancel("root of user types", context.Background())
	pointer := f.plant("user type, pointer", &scope{"s1", root})
	f.plantCancel("child of a user type, pointer", pointer)
	value := f.plant("user type, value", request{root, 9})
	f.plantCancel("child of a user type, value", value)
	field := f.plant("user type, named field", &named{"n1", root})
	f.plantCancel("child of a user type, named field", field)
	f.plant("value of a user type", context.WithValue(pointer, "in", "scope"))
}

func plantForeign(f *forest) {
	plain := f.plant("foreign", &foreign{make(chan struct{}), "plain"})
	f.plantCancel("child of foreign", plain)
	after := f.plant("foreign with AfterFunc", &foreignAfter{foreign: foreign{make(chan struct{}), "after"}})
	child, _ := f.plantCancel("child of foreign with AfterFunc", after)
	f.note("stopCtx", parentOf(child))
}

func plantFamilies(f *forest) {
	root, _ := f.plantCancel("big family", context.Background())
	for i := 0; i < *wide; i++ {
		name := "family " + strconv.Itoa(i)
		switch i % 3 {
		case 0:
			f.plantCancel(name, root)
		case 1:
			ctx, cancel := context.WithTimeout(root, time.Hour)
			keepCancel(cancel)
			f.plant(name, ctx)
		case 2: // held by nothing but their registration
			ctx, cancel := context.WithCancel(context.WithValue(root, "n", i))
			f.note(name, ctx)
			f.note(name+" value", parentOf(ctx))
			_ = cancel
		}
	}
}

func plantHolders(f *forest) {
	root, _ := f.plantCancel("root of holders", context.TODO())
	global = context.WithValue(root, "held by", "global")
	f.note("held by a global", global)

	ctx, cancel := context.WithCancel(context.Background())
	f.note("only its cancel function", ctx)
	onlyCancel = cancel

	closed := context.WithValue(root, "held by", "closure")
	f.note("held by a closure", closed)
	onlyClosure = func() error { return closed.Err() }

	inChannel := context.WithValue(root, "held by", "channel")
	f.note("held by a channel buffer", inChannel)
	buffered <- inChannel

	ids := make(chan int64)
	onStack := context.WithValue(root, "held by", "stack")
	n := f.note("held by a stack", onStack)
	go holdArgument(onStack, ids)
	n.holders = append(n.holders, <-ids)

	local, cancel := context.WithCancel(context.Background())
	n = f.note("held by a local", local)
	go holdLocal(local, cancel, ids)
	n.holders = append(n.holders, <-ids)
}

//go:noinline
func holdArgument(ctx context.Context, ids chan<- int64) {
	ids <- report.Goid()
	<-park
	runtime.KeepAlive(ctx)
}

//go:noinline
func holdLocal(ctx context.Context, cancel context.CancelFunc, ids chan<- int64) {
	mine := []context.Context{ctx}
	ids <- report.Goid()
	<-park
	cancel()
	runtime.KeepAlive(mine)
}

func plantWaiters(f *forest) {
	root, _ := f.plantCancel("root of waiters", context.Background())
	ids := make(chan int64)
	receive, _ := f.plantCancel("waited for by receives", root)
	for i := 0; i < 3; i++ {
		go waitReceive(receive, ids)
		f.waits(receive, <-ids)
	}
	selects, _ := f.plantCancel("waited for by selects", root)
	for i := 0; i < 2; i++ {
		go waitSelect(selects, nil, ids)
		f.waits(selects, <-ids)
	}
	timed, cancel := context.WithTimeout(root, time.Hour)
	keepCancel(cancel)
	f.plant("waited for, with a deadline", timed)
	go waitReceive(timed, ids)
	f.waits(timed, <-ids)

	// One goroutine that waits for two contexts, and one that waits through a value.
	go waitSelect(selects, receive, ids)
	both := <-ids
	f.waits(selects, both)
	f.waits(receive, both)
	through := f.plant("value in front of a wait", context.WithValue(receive, "w", 1))
	go waitReceive(through, ids)
	f.waits(receive, <-ids)

	only, cancel := context.WithCancel(root)
	f.note("held by its waiter and its registration", only)
	_ = cancel
	go waitReceive(only, ids)
	f.waits(only, <-ids)
}

//go:noinline
func waitReceive(ctx context.Context, ids chan<- int64) {
	ids <- report.Goid()
	<-ctx.Done()
}

//go:noinline
func waitSelect(ctx, other context.Context, ids chan<- int64) {
	var second <-chan struct{}
	if other != nil {
		second = other.Done()
	}
	ids <- report.Goid()
	select {
	case <-ctx.Done():
	case <-second:
	case <-park:
	}
}

func plantSignal(f *forest) {
	root, _ := f.plantCancel("root of signals", context.Background())
	ctx, stop := signal.NotifyContext(root, syscall.SIGUSR1)
	keepCancel(stop)
	f.plant("signal.NotifyContext", ctx)
	f.note("signal.NotifyContext's own", parentOf(ctx))
}

// plantServer blocks two handlers of a real server, each with its request's context.
func plantServer(f *forest) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	arrived := make(chan context.Context)
	server := &http.Server{Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		arrived <- r.Context()
		<-park
		runtime.KeepAlive(r)
	})}
	go server.Serve(listener)
	for i := 0; i < 2; i++ {
		connection, err := net.Dial("tcp", listener.Addr().String())
		if err != nil {
			panic(err)
		}
		keptDecoys = append(keptDecoys, connection)
		writer := bufio.NewWriter(connection)
		fmt.Fprintf(writer, "GET / HTTP/1.1\r\nHost: sample\r\n\r\n")
		writer.Flush()
		f.noteChain("http request "+strconv.Itoa(i), <-arrived)
	}
}
