package main

import (
	"context"
	"net"
	"os"
	"runtime"
	"runtime/pprof"
	"sync"
	"syscall"
	"time"

	"gdbext.example/samples/internal/report"
)

func plantChannels() {
	full := make(chan int, 1)
	full <- 1
	var none chan int
	plant("receive", func() { <-park })
	plant("receive in a range", func() {
		for range park {
		}
	})
	plant("send, buffer full", func() { full <- 2 })
	plant("send, nobody receives", func() { make(chan string) <- "x" })
	plant("receive from nil", func() { <-none })
	plant("send to nil", func() { none <- 1 })
	plant("select", func() {
		select {
		case <-park:
		case full <- 3:
		}
	})
	plant("select without cases", func() { select {} })
	plant("select on a nil channel", func() {
		select {
		case <-none:
		case none <- 1:
		}
	})
}

var (
	mutex   sync.Mutex
	readers sync.RWMutex
	writers sync.RWMutex
	once    sync.Once
)

func plantLocks() {
	mutex.Lock()
	plant("mutex", mutex.Lock)
	plant("mutex, twice", func() { mutex.Lock(); defer mutex.Unlock() })
	readers.RLock()
	plant("write lock", readers.Lock)
	writers.Lock()
	plant("read lock", writers.RLock)
	condition := sync.NewCond(&sync.Mutex{})
	plant("condition", func() { condition.L.Lock(); condition.Wait() })
	var group sync.WaitGroup
	group.Add(1)
	plant("wait group", group.Wait)
	plant("once", func() { once.Do(func() { <-park }) })
}

func plantTimers() {
	plant("sleep", func() { time.Sleep(time.Hour) })
	plant("timer channel", func() { <-time.NewTimer(time.Hour).C })
	plant("ticker in a select", func() {
		select {
		case <-time.NewTicker(time.Hour).C:
		case <-park:
		}
	})
	time.AfterFunc(time.Millisecond, func() {
		ids <- report.Goid()
		<-park
	})
	planted("started by a timer")
}

func plantSystem() {
	var pipe [2]int
	if err := syscall.Pipe(pipe[:]); err != nil {
		panic(err)
	}
	plant("system call", func() {
		var buffer [1]byte
		syscall.Read(pipe[0], buffer[:])
	})
	reader, writer, err := os.Pipe()
	if err != nil {
		panic(err)
	}
	plant("pipe", func() {
		reader.Read(make([]byte, 1))
		runtime.KeepAlive(writer)
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	plant("accept", func() { listener.Accept() })
	plant("locked to a thread", func() {
		runtime.LockOSThread()
		<-park
	})
	runtime.SetFinalizer(&struct{ words [8]*int }{}, func(any) {})
	freed := &struct{ words [9]*int }{}
	runtime.SetFinalizer(freed, func(*struct{ words [9]*int }) {
		ids <- report.Goid()
		<-park
	})
	freed = nil
	runtime.GC()
	planted("finalizer")
}

type box[T any] struct{ channel chan T }

//go:noinline
func receiveOf[T any](channel chan T) T { return <-channel }

//go:noinline
func (b *box[T]) receive() T { return <-b.channel }

// These three are inlined into their caller.
func inner()  { <-park }
func middle() { inner() }
func outer()  { middle() }

//go:noinline
func callsInlined() {
	outer()
	runtime.KeepAlive(park)
}

//go:noinline
func recurse(n int) int {
	if n == 0 {
		<-park
		return 0
	}
	return recurse(n-1) + 1
}

//go:noinline
func even(n int) int {
	if n == 0 {
		<-park
		return 0
	}
	return odd(n-1) + 1
}

//go:noinline
func odd(n int) int { return even(n-1) + 2 }

type server struct{ name string }

func (s server) byValue(n int)           { ids <- report.Goid(); <-park; runtime.KeepAlive(s.name) }
func (s *server) byPointer(n int, _ any) { ids <- report.Goid(); <-park; runtime.KeepAlive(s) }

type blocker interface{ byValue(int) }

//go:noinline
func manyArguments(a, b, c, d, e, f, g, h, i, j, k, l int, s string, x []byte) {
	ids <- report.Goid()
	<-park
	runtime.KeepAlive([]any{a, b, c, d, e, f, g, h, i, j, k, l, s, x})
}

func plantShapes() {
	plant("generic function", func() { receiveOf(make(chan map[string]int)) })
	plant("generic method", func() { (&box[[]string]{}).receive() })
	plant("inlined", callsInlined)
	plant("deep recursion", func() { recurse(*depth) })
	plant("mutual recursion", func() { even(30) })
	plant("closure in a closure", func() { func() { func() { <-park }() }() })
	plant("big frame", func() {
		var big [4096]byte
		<-park
		runtime.KeepAlive(&big)
	})
	go server{"value"}.byValue(1)
	planted("method, by value")
	go (&server{"pointer"}).byPointer(1, "x")
	planted("method, by pointer")
	var through blocker = &server{"interface"}
	go through.byValue(2)
	planted("method, through an interface")
	bound := (&server{"bound"}).byPointer
	go bound(3, nil)
	planted("bound method")
	go manyArguments(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, "s", nil)
	planted("many arguments")
	go func() { // gone when the truth is told; its child remembers it
		go func() {
			ids <- report.Goid()
			<-park
		}()
	}()
	planted("creator is gone")
}

//go:noinline
func divide(a, b int) int { return a / b }

//go:noinline
func load(p *int) int { return *p }

//go:noinline
func parksInDefer() { <-park }

func plantPanics() {
	plant("deferred call of a panic", func() {
		defer parksInDefer()
		panic("on purpose")
	})
	plant("deferred call of a division by zero", func() {
		defer parksInDefer()
		divide(1, 0)
	})
	plant("deferred call of a nil pointer", func() {
		defer func() { <-park }()
		load(nil)
	})
	plant("deferred call with arguments", func() {
		defer receiveOf(park)
		panic(os.ErrClosed)
	})
	plant("deferred call of Goexit", func() {
		defer parksInDefer()
		runtime.Goexit()
	})
	plant("recovered, then parked", func() {
		func() {
			defer func() { recover() }()
			panic("caught")
		}()
		<-park
	})
}

func plantLabels() {
	labels := map[string]string{"tenant": "acme", "path": "/v1/things"}
	plant("labels", func() {
		pprof.Do(context.Background(), pprof.Labels("tenant", "acme", "path", "/v1/things"), func(context.Context) { <-park })
	})
	told.Plants[len(told.Plants)-1].Labels = labels
	plant("labels, inherited", func() {
		pprof.Do(context.Background(), pprof.Labels("job", "inherit"), func(context.Context) {
			go func() {
				ids <- report.Goid()
				<-park
			}()
			<-park
		})
	})
	told.Plants[len(told.Plants)-1].Labels = map[string]string{"job": "inherit"}
	planted("labels, from its creator")
	told.Plants[len(told.Plants)-1].Labels = map[string]string{"job": "inherit"}
}
