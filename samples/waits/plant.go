package main

import (
	"context"
	"fmt"
	"net"
	"runtime"
	"strings"
	"sync"
	"time"

	"gdbext.example/samples/internal/report"
)

var (
	global   = make(chan int)
	mutex    sync.Mutex
	group    sync.WaitGroup
	readers  sync.RWMutex
	kept     = new(sync.Mutex)
	keptCond = sync.NewCond(new(sync.Mutex))
)

func plantChannels() {
	lost := make(chan int)
	plant("receive, nobody sends", Leaked, "channel", func() { <-lost }).on(lost)
	text := make(chan *string)
	plant("send, nobody receives", Leaked, "channel", func() { text <- new(string) }).on(text)
	plant("select, nobody there", Leaked, "channel", func() {
		select {
		case <-make(chan int):
		case make(chan bool) <- true:
		}
	})
	full := make(chan int, 1)
	full <- 1
	plant("send, buffer full", Leaked, "channel", func() { full <- 2 }).on(full)
	plant("range, nobody closes", Leaked, "channel", func() {
		for range make(chan int) {
		}
	})
	var none chan int
	plant("receive from nil", Leaked, "nil channel", func() { <-none })
	plant("send to nil", Leaked, "nil channel", func() { none <- 1 })
	plant("select without cases", Leaked, "nothing", func() { select {} })
	plant("select on nil channels", Leaked, "nothing", func() {
		select {
		case <-none:
		case none <- 1:
		}
	})
	plant("receive, global", Woken, "channel", func() { <-global }).on(global)
	plant("select, one is global", Woken, "channel", func() {
		select {
		case <-make(chan int):
		case <-global:
		}
	})
	of := make(chan int)
	plant("receive, a sleeper sends", Woken, "channel", func() { <-of }).on(of)
	plant("sleeper that sends", Woken, "", func() { time.Sleep(time.Hour); of <- 1 })
	closed := make(chan int)
	plant("receive, a timer's function closes", Woken, "channel", func() { <-closed }).on(closed)
	time.AfterFunc(time.Hour, func() { close(closed) })
	chain := make(chan int)
	plant("receive from a leaked one", Leaked, "channel", func() { <-chain }).on(chain)
	plant("leaked one that would send", Leaked, "channel", func() { <-make(chan int); chain <- 1 })
	deferred := make(chan int)
	plant("receive, a leaked one would close", Leaked, "channel", func() { <-deferred }).on(deferred)
	plant("leaked one with a deferred close", Leaked, "channel", func() { defer close(deferred); <-make(chan int) })
}

func plantLocks() {
	twice := new(sync.Mutex)
	plant("mutex, twice", Leaked, "mutex", func() { twice.Lock(); twice.Lock() }).on(twice)
	read := new(sync.RWMutex)
	read.RLock()
	plant("write lock, a reader is gone", Leaked, "read-write lock", read.Lock).on(read)
	write := new(sync.RWMutex)
	write.Lock()
	plant("read lock, the writer is gone", Leaked, "read-write lock", write.RLock).on(write)
	waits := new(sync.WaitGroup)
	waits.Add(1)
	plant("wait group, nobody is done", Leaked, "wait group", waits.Wait).on(waits)
	condition := sync.NewCond(new(sync.Mutex))
	plant("condition, nobody signals", Leaked, "condition", func() { condition.L.Lock(); condition.Wait() }).on(condition)
	once := new(sync.Once)
	plant("once, its function waits", Leaked, "channel", func() { once.Do(func() { <-make(chan int) }) })
	plant("once, another one's function waits", Leaked, "mutex", func() { once.Do(func() {}) })
	mutex.Lock()
	plant("mutex, global", Woken, "mutex", func() { mutex.Lock(); defer mutex.Unlock() }).on(&mutex)
	group.Add(1)
	plant("wait group, global", Woken, "wait group", group.Wait).on(&group)
	readers.RLock()
	plant("write lock, global", Woken, "read-write lock", readers.Lock).on(&readers)
	kept.Lock()
	plant("mutex, a global has it", Woken, "mutex", func() { kept.Lock() }).on(kept)
	plant("condition, a global has it", Woken, "condition", func() { keptCond.L.Lock(); keptCond.Wait() }).on(keptCond)
}

func plantOthers() {
	plant("sleep", Woken, "", func() { time.Sleep(time.Hour) })
	plant("time.After", Woken, "", func() { <-time.After(time.Hour) })
	plant("ticker in a select", Woken, "", func() {
		select {
		case <-time.NewTicker(time.Hour).C:
		case <-make(chan int):
		}
	})
	here, there := net.Pipe()
	plant("net.Pipe, the other end is kept", Woken, "", func() { here.Read(make([]byte, 1)) })
	ends = append(ends, there)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	plant("accept", Woken, "", func() { listener.Accept() })
}

var (
	ends    []net.Conn
	cancels []context.CancelFunc
)

// lostChild has a cancel function that nobody has.
//
//go:noinline
func lostChild(parent context.Context) context.Context {
	ctx, cancel := context.WithCancel(parent)
	runtime.KeepAlive(cancel)
	return ctx
}

//go:noinline
func worker(ctx context.Context) {
	buffer := make([]byte, told.Held)
	<-ctx.Done()
	runtime.KeepAlive(buffer)
}

func plantContexts() {
	root, cancel := context.WithCancel(context.Background())
	cancels = append(cancels, cancel)
	address := fmt.Sprintf("%p", root)
	held, stop := context.WithCancel(root)
	cancels = append(cancels, stop)
	plant("Done, held", Woken, "channel", func() { <-held.Done() })
	deadline, _ := context.WithTimeout(root, time.Hour) //nolint:govet // that is what is planted
	plant("Done, deadline", Woken, "channel", func() { <-deadline.Done() })
	below := lostChild(deadline)
	plant("Done, below a deadline", Woken, "channel", func() { <-below.Done() })
	alone := lostChild(context.Background())
	plant("Done, nothing above", Leaked, "channel", func() { <-alone.Done() })
	ofRoot := func(one *record) { one.Root = address }
	for i := 0; i < *workers; i++ {
		ctx := lostChild(root)
		ofRoot(plant("worker", Ancestor, "channel", func() { worker(ctx) }))
	}
	ctx := lostChild(root)
	ofRoot(plant("select, Done and a lost channel", Ancestor, "channel", func() {
		select {
		case <-ctx.Done():
		case <-make(chan int):
		}
	}))
	value := context.WithValue(lostChild(lostChild(root)), "k", "v")
	ofRoot(plant("Done, of a value below two", Ancestor, "channel", func() { <-value.Done() }))
	lock := new(sync.Mutex)
	ready := make(chan bool)
	holder := lostChild(root)
	ofRoot(plant("Done, has a lock", Ancestor, "channel", func() {
		lock.Lock()
		defer lock.Unlock()
		ready <- true
		<-holder.Done()
	}))
	<-ready
	plant("lock of one that waits for Done", With, "mutex", lock.Lock).on(lock)
	told.Edges = append(told.Edges, edge{"lock of one that waits for Done", "Done, has a lock"})
}

type account struct {
	mu    sync.Mutex
	total int
}

// move takes two locks; somebody takes them the other way round.
//
//go:noinline
func move(from, to *account, taken, go_ chan bool) {
	from.mu.Lock()
	defer from.mu.Unlock()
	taken <- true
	<-go_
	to.mu.Lock()
	defer to.mu.Unlock()
	from.total, to.total = from.total-1, to.total+1
}

type book struct {
	pages int
	mu    sync.Mutex
	rw    sync.RWMutex
}

// audit takes a lock and calls what takes it again.
//
//go:noinline
func (b *book) audit() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.count()
}

//go:noinline
func (b *book) count() {
	b.mu.Lock()
	b.pages++
	b.mu.Unlock()
}

//go:noinline
func (b *book) read(taken, start chan bool) {
	b.rw.RLock()
	defer b.rw.RUnlock()
	taken <- true
	<-start
	b.look()
}

//go:noinline
func (b *book) look() {
	b.rw.RLock()
	b.pages++
	b.rw.RUnlock()
}

//go:noinline
func auditAll() {
	journal.Lock()
	defer journal.Unlock()
	countAll()
}

//go:noinline
func countAll() {
	journal.Lock()
	entries++
	journal.Unlock()
}

// callOut gives its lock back while it calls out, and takes it again.
//
//go:noinline
func (b *book) callOut(taken, start chan bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.mu.Unlock()
	taken <- true
	<-start
	b.mu.Lock()
}

// around gives its lock back while it calls out, and a deferred call takes it again.
//
//go:noinline
func (b *book) around(taken, start chan bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.without(taken, start)
	b.pages++
}

//go:noinline
func (b *book) without(taken, start chan bool) {
	b.mu.Unlock()
	defer b.mu.Lock()
	taken <- true
	<-start
}

// flush unlocks without a deferred call.
//
//go:noinline
func (b *book) flush(taken, end chan bool) {
	b.mu.Lock()
	taken <- true
	<-end
	b.mu.Unlock()
}

// follow waits for a condition whose lock somebody has by the time it is signalled.
//
//go:noinline
func (b *book) follow(turned *sync.Cond) {
	b.mu.Lock()
	defer b.mu.Unlock()
	turned.Wait()
}

//go:noinline
func (b *book) hold(taken, end chan bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	taken <- true
	<-end
}

var (
	journal sync.Mutex
	entries int
)

// plantOwn: goroutines that wait for what they have themselves, and some that look as if they did.
func plantOwn() {
	own := func(name string) { told.Edges = append(told.Edges, edge{name, name}) }
	one, two, three, four := new(book), new(book), new(book), new(book)
	plant("mutex, its caller has it", Leaked, "mutex", one.audit).on(&one.mu)
	own("mutex, its caller has it")
	plant("mutex, global, its caller has it", Woken, "mutex", auditAll).on(&journal)
	own("mutex, global, its caller has it")
	taken, start := make(chan bool), make(chan bool)
	plant("read lock, its caller has it", Leaked, "read-write lock", func() { two.read(taken, start) }).on(&two.rw)
	<-taken
	settle(plant("write lock, between two of a reader's", Leaked, "read-write lock", two.rw.Lock).on(&two.rw), "sync.RWMutex.Lock")
	close(start)
	own("read lock, its caller has it")
	told.Edges = append(told.Edges, edge{"write lock, between two of a reader's", "read lock, its caller has it"})
	again := make(chan bool)
	plant("mutex, taken again", Leaked, "mutex", func() { three.callOut(taken, again) }).on(&three.mu)
	<-taken
	three.mu.Lock()
	close(again)
	turned := sync.NewCond(&four.mu)
	settle(plant("condition, somebody has its lock", Leaked, "mutex", func() { four.follow(turned) }).on(&four.mu), "sync.Cond.Wait")
	told.Edges = append(told.Edges, edge{"condition, somebody has its lock", "has a condition's lock"})
	plant("has a condition's lock", Leaked, "channel", func() { four.hold(taken, make(chan bool)) })
	<-taken
	turned.Signal()
}

// plantGivenBack: goroutines that gave a lock back and wait for it again.
func plantGivenBack() {
	one, two := new(book), new(book)
	taken, start := make(chan bool), make(chan bool)
	plant("mutex, a deferred call takes it again", Leaked, "mutex", func() { one.around(taken, start) }).on(&one.mu)
	<-taken
	one.mu.Lock()
	plant("mutex, somebody took it meanwhile", Leaked, "mutex", func() { two.around(taken, start) }).on(&two.mu)
	<-taken
	plant("took it meanwhile", Leaked, "channel", func() { two.flush(taken, make(chan bool)) })
	<-taken
	close(start)
}

var jobs, results = make(chan int), make(chan int)

// plantPool: goroutines that send to each other, and others may too.
func plantPool() {
	plant("worker of a pool", Woken, "channel", func() { work(jobs, results) }).on(jobs)
	plant("collector of a pool", Woken, "channel", func() { work(results, jobs) }).on(results)
}

//go:noinline
func work(in, out chan int) {
	for one := range in {
		out <- one
	}
}

// settle waits until a goroutine waits for a reason, and not for a collection only, say.
func settle(one *record, reason string) {
	report.Settle(one.Name, func() bool {
		return strings.Contains("\n"+report.Stacks(), fmt.Sprintf("\ngoroutine %d [%s", one.Goid, reason))
	})
}

// plantRings: goroutines that wait for each other.
func plantRings() {
	one, two := new(account), new(account)
	taken, start := make(chan bool), make(chan bool)
	plant("ring of locks, one", Leaked, "mutex", func() { move(one, two, taken, start) }).on(&two.mu)
	plant("ring of locks, two", Leaked, "mutex", func() { move(two, one, taken, start) }).on(&one.mu)
	<-taken
	<-taken
	close(start)
	told.Edges = append(told.Edges, edge{"ring of locks, one", "ring of locks, two"}, edge{"ring of locks, two", "ring of locks, one"})
	left, right := make(chan int), make(chan int)
	plant("ring of channels, one", Leaked, "channel", func() { <-left; right <- 1 }).on(left)
	plant("ring of channels, two", Leaked, "channel", func() { <-right; left <- 1 }).on(right)
}
