// Command ctxforest plants every kind of context there is, prints the truth about them as one JSON line, then READY,
// and parks until its standard input is closed.
package main

import (
	"context"
	"flag"
	"runtime"
	"runtime/debug"

	"gdbext.example/samples/internal/report"
)

type decoy struct {
	Name    string `json:"name"`
	Address string `json:"address"`
	Goid    int64  `json:"goid"`
}

type truth struct {
	report.Common
	Contexts []record `json:"contexts"`
	Decoys   []decoy  `json:"decoys"`
	Garbage  []string `json:"garbage"`
}

var (
	deep = flag.Int("deep", 50, "length of the chain of valueCtx")
	wide = flag.Int("wide", 300, "members of the big family")
	lost = flag.Int("garbage", 0, "families of contexts that nothing refers to and nobody collects")
	park = make(chan struct{})
)

func main() {
	flag.Parse()
	f := &forest{index: map[uintptr]*noted{}}
	t := &truth{}
	t.Main = report.Goid()
	plantRoots(f)
	plantCancels(f)
	plantDeadlines(f)
	plantValues(f)
	plantUserTypes(f)
	plantForeign(f)
	plantFamilies(f)
	plantHolders(f)
	plantWaiters(f)
	plantSignal(f)
	plantServer(f)
	t.Decoys = plantDecoys()
	go tell(f, t)
	<-park
}

// tell runs on a goroutine of its own, so that the truth shows main where it stays.
func tell(f *forest, t *truth) {
	report.Settle("waiters and holders", func() bool { return settled(f, t.Main) })
	runtime.GC()
	runtime.GC()
	noteLibraryWaiters(f)
	if *lost > 0 {
		debug.SetGCPercent(-1)
		t.Garbage = dropped(*lost)
	}
	t.Contexts = f.records()
	t.Observe()
	report.Print(t)
	report.ExitAtEnd()
}

func settled(f *forest, main int64) bool {
	stacks := report.Stacks()
	for _, n := range f.notes {
		for _, goid := range append(append([]int64{main}, n.waiters...), n.holders...) {
			if !report.Parked(stacks, goid) {
				return false
			}
		}
	}
	return libraryGoroutinesParked(stacks)
}

func plantRoots(f *forest) {
	// Nothing of these is registered anywhere: Background, TODO and WithoutCancel have no children map.
	keep("background", context.Background())
	keep("todo", context.TODO())
	value := f.plant("value under background", context.WithValue(context.Background(), "root", "bg"))
	f.plant("value under todo", context.WithValue(context.TODO(), "root", "todo"))
	parent, cancel := context.WithCancel(value)
	keepCancel(cancel)
	f.plant("parent of WithoutCancel", parent)
	without := f.plant("WithoutCancel", context.WithoutCancel(parent))
	orphan, cancel := context.WithCancel(without)
	keepCancel(cancel)
	f.plant("child of WithoutCancel", orphan)
	todo, cancel := context.WithCancel(context.TODO())
	keepCancel(cancel)
	f.plant("cancel under todo", todo)
}
