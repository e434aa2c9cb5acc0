package main

import (
	"runtime"
	"sync"
	"sync/atomic"

	"gdbext.example/samples/internal/report"
)

// spawn starts a goroutine and waits until runtime.Stack shows it parked.
func spawn(what string, body func()) {
	ids := make(chan int64, 1)
	go func() {
		ids <- report.Goid()
		body()
	}()
	goid := <-ids
	report.Settle(what, func() bool { return report.Parked(report.Stacks(), goid) })
}

// plantStacks: what goroutines hold that are parked.
func plantStacks() {
	spawn("variable", holdVariable)
	spawn("stack object", holdStackObject)
	spawn("a tree", holdTree)
	spawn("argument", func() { holdArgument(object("argument", byStack, &node{}), 7) })
	spawn("deferred", holdDeferred)
	spawn("deferred in a loop", holdDeferredInLoop)
	spawn("panicking", holdPanicking)
	spawn("sender", func() { globals.channels.numbers <- 1 })
	values := make(chan *node)
	spawn("sender of a pointer", func() { values <- object("being sent", byStack, &node{}) })
	spawn("select", func() {
		held := object("held in a select", byStack, &node{})
		select {
		case values <- held:
		case <-globals.channels.signal:
			runtime.KeepAlive(held)
		}
	})
	library.locked.Lock()
	spawn("mutex", func() { library.locked.Lock() })
	spawn("deep", func() { holdDeep(200, nil) })
	spawn("wait group", func() {
		group := object("wait group on the heap", byStack, new(sync.WaitGroup))
		group.Add(1)
		group.Wait()
	})
}

func holdVariable() {
	variable := object("variable", byStack, &node{name: "variable"})
	inside := &object("variable by a field", byStack, &node{}).n
	array := elements("variable array", byStack, make([]*node, 100))
	<-park
	runtime.KeepAlive(variable)
	runtime.KeepAlive(inside)
	runtime.KeepAlive(array)
}

// What only a variable on a stack leads to.
type branch struct {
	left, right *branch
	leaves      []*leaf
}

type leaf struct {
	text    string
	numbers [3]int
	on      *leaf
}

func holdTree() {
	root := growBranch(6)
	<-park
	runtime.KeepAlive(root)
}

func growBranch(depth int) *branch {
	if depth == 0 {
		return nil
	}
	leaves := elements("leaves", byObject, make([]*leaf, 4))
	for i := range leaves {
		leaves[i] = object("leaf", byObject, &leaf{on: object("leaf", byObject, new(leaf))})
	}
	by, name := byObject, "branch"
	if depth == 6 {
		by, name = byStack, "root of a tree"
	}
	return object(name, by, &branch{growBranch(depth - 1), growBranch(depth - 1), leaves})
}

func init() { late = append(late, func() { spawn("dropped variable", dropVariable) }) }

func dropVariable() {
	variable := object("variable that nobody needs again", byNothing, &node{})
	variable.n++
	<-park
}

type onStack struct {
	numbers [4]int
	node    *node
	text    string
}

func holdStackObject() {
	var local onStack
	local.node = object("in a stack object", byStackVar, &node{})
	waitFor(&local)
	runtime.KeepAlive(&local)
}

//go:noinline
func waitFor(local *onStack) {
	local.numbers[0]++
	<-park
	local.numbers[1] = local.node.n
}

//go:noinline
func holdArgument(n *node, times int) {
	<-park
	n.n += times
}

func holdDeferred() {
	deferred := object("deferred", byStack, &node{})
	defer func() { deferred.n++ }()
	<-park
}

func holdDeferredInLoop() {
	for i := 0; i < 5; i++ {
		deferred := object("deferred in a loop", byDefer, &node{n: i})
		defer func() { deferred.n++ }()
	}
	<-park
}

func holdPanicking() {
	defer func() {
		<-park
		_ = recover()
	}()
	panic(object("panicked with", byStack, &node{name: "panic"}))
}

//go:noinline
func holdDeep(depth int, above *node) int {
	mine := object("of a deep stack", byStack, &node{next: above, n: depth})
	if depth == 0 {
		<-park
		return mine.n
	}
	return holdDeep(depth-1, mine) + mine.n
}

var finalizing int32

// numbers says where garbage lies, and keeps none of it.
var numbers *[1024]int

type finalized struct {
	node *node
	n    int
}

// plantFinalizers: one runs and never ends, so that others stay in their queue.
func plantFinalizers() {
	alive := object("with a finalizer", byGlobal, &finalized{node: &node{}})
	held = append(held, alive)
	runtime.SetFinalizer(alive, func(f *finalized) { f.n++ })
	numbers = object("without pointers, with a finalizer", byGlobal, new([1024]int))
	runtime.SetFinalizer(numbers, func(*[1024]int) {})
	abandon()
	loop()
	runtime.GC()
	report.Settle("a finalizer runs", func() bool { return atomic.LoadInt32(&finalizing) == 1 })
	abandonLater()
}

//go:noinline
func abandon() {
	for i := 0; i < 4; i++ {
		f := object("waiting for its finalizer, or in it", byFinalizer, &finalized{n: i})
		f.node = object("below a finalizer", byObject, &node{n: i})
		runtime.SetFinalizer(f, func(f *finalized) {
			atomic.StoreInt32(&finalizing, 1)
			<-park
			f.node.n++
		})
	}
}

type looped struct {
	beyond *beyond
	n      int
}

type beyond struct{ back *looped }

// loop: what can be reached from itself is never found dead, so its finalizer never runs.
//
//go:noinline
func loop() {
	l := object("in a ring with a finalizer", byFinalizer, &looped{beyond: &beyond{}})
	l.beyond.back = l
	runtime.SetFinalizer(l, func(*looped) {})
}

//go:noinline
func abandonLater() {
	captured := object("captured by a finalizer", bySpecial, &node{})
	f := object("found dead by the last collections", byFinalizer, new(finalized))
	runtime.SetFinalizer(f, func(f *finalized) { f.node = captured })
}
