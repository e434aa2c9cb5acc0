// Command waits starts goroutines that wait for every kind of thing, says which of them nothing can wake, and parks. Where
// Go has a profile of leaked goroutines (1.27; 1.26 with GOEXPERIMENT=goroutineleakprofile) it says what that found, too.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"reflect"
	"regexp"
	"runtime"
	"runtime/pprof"
	"strconv"

	"gdbext.example/samples/internal/report"
)

// What becomes of a goroutine: nothing that runs can reach what it waits for; it waits for a context that ends only with
// Root; it waits for one that does; something may wake it; a weak pointer may, which the runtime does not count.
const (
	Leaked   = "leaked"
	Ancestor = "ancestor"
	With     = "with"
	Woken    = "woken"
	Weak     = "weak"
)

type record struct {
	Name string `json:"name"`
	Goid int64  `json:"goid"`
	Fate string `json:"fate"`
	On   string `json:"on"` // what it waits for, as %p has it; "" for nothing, or what has no address to be had
	Kind string `json:"kind"`
	Root string `json:"root"`
}

type truth struct {
	report.Common
	Plants  []*record `json:"plants"`
	Profile []int64   `json:"profile"` // null where Go has none
	Held    int       `json:"held"`    // bytes that each of the workers has
	Edges   []edge    `json:"edges"`
}

// edge is a goroutine that waits for what another one has.
type edge struct {
	From string `json:"from"`
	To   string `json:"to"`
}

var (
	workers = flag.Int("workers", 200, "goroutines that wait for dropped children of a live context")
	profile = flag.Bool("profile", true, "ask for the profile of leaked goroutines")
	park    = make(chan struct{})
	ids     = make(chan int64)
	told    truth
	more    []func() // what only newer Go releases have
)

// plant starts a goroutine that says its number and then waits in f.
func plant(name, fate, kind string, f func()) *record {
	go func() {
		ids <- report.Goid()
		f()
	}()
	one := &record{Name: name, Goid: <-ids, Fate: fate, Kind: kind}
	told.Plants = append(told.Plants, one)
	return one
}

// on notes an address without keeping what is there.
func (r *record) on(what any) *record {
	r.On = fmt.Sprintf("%#x", reflect.ValueOf(what).Pointer())
	return r
}

func main() {
	flag.Parse()
	told.Held = 1 << 14
	told.Main = report.Goid()
	plantChannels()
	plantLocks()
	plantOthers()
	plantContexts()
	plantRings()
	plantOwn()
	plantGivenBack()
	plantPool()
	for _, f := range more {
		f()
	}
	scrub()
	go tell()
	<-park
}

// tell runs on a goroutine of its own, so that the truth shows main where it stays.
func tell() {
	report.Settle("every plant", func() bool {
		stacks := report.Stacks()
		parked := report.Parked(stacks, told.Main)
		for _, p := range told.Plants {
			parked = parked && report.Parked(stacks, p.Goid)
		}
		return parked
	})
	runtime.GC()
	runtime.GC()
	if *profile {
		told.Profile = leaks()
	}
	told.Observe()
	report.Print(&told)
	scrub()
	report.ExitAtEnd()
}

var leaked = regexp.MustCompile(`(?m)^goroutine (\d+) \[[^\]]*\(leaked\)`)

// leaks is what the runtime itself finds; nil where it does not look for it.
//
//go:noinline
func leaks() []int64 {
	found := pprof.Lookup("goroutineleak")
	if found == nil {
		return nil
	}
	var text bytes.Buffer
	if err := found.WriteTo(&text, 2); err != nil {
		panic(err)
	}
	goids := []int64{}
	for _, match := range leaked.FindAllSubmatch(text.Bytes(), -1) {
		goid, err := strconv.ParseInt(string(match[1]), 10, 64)
		if err != nil {
			panic(err)
		}
		goids = append(goids, goid)
	}
	return goids
}

// scrub overwrites what calls left on the stack.
//
//go:noinline
func scrub() {
	var words [4096]uintptr
	runtime.KeepAlive(&words)
}
