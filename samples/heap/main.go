// Command heap plants objects of every kind and says of each where it lies, what reflect calls its type, how many
// elements of which size it has, and whether a collection may take it. Then it collects, writes what the runtime itself
// knows (runtime.MemStats, debug.WriteHeapDump with -dump) and allocates nothing from there on.
package main

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"unsafe"

	"gdbext.example/samples/internal/report"
)

type truth struct {
	report.Common
	MemStats *runtime.MemStats `json:"memstats,omitempty"` // written last, by hand
	Objects  []record          `json:"objects"`
	Dump     string            `json:"dump"`  // "" for none
	Young    int               `json:"young"` // objects that nothing has held since the last collection
	Wide     int               `json:"wide"`  // such objects of each of two types besides, each with one of a third
	Cached   cached            `json:"cached"`
	Profile  []site            `json:"profile,omitempty"`
}

var (
	dump  = flag.String("dump", "", "file for debug.WriteHeapDump")
	young = flag.Int("young", 0, "how many objects to drop after the last collection")
	early = flag.Bool("unswept", false, "stop between marking and sweeping, and dump when the process goes on")
	sites = flag.Bool("profile", false, "say what runtime.MemProfile knows")
	after = flag.Int("cached", 0, "how many objects to make, and as many tiny ones, after the figures were taken")

	told truth
	park = make(chan struct{})
	more []func() // plants of newer releases
	late []func() // what would not be as planted after two collections

)

func main() {
	flag.Parse()
	runtime.MemProfileRate = 4096
	debug.SetGCPercent(-1) // what is dropped stays where it is until it is collected on purpose
	told.Main = report.Goid()
	plant()
	go tell()
	<-park
}

func plant() {
	plantSizes()
	plantArrays()
	plantInlined()
	plantLarge()
	plantText()
	plantMaps()
	plantChannels()
	plantFunctions()
	plantInterfaces()
	plantShapes()
	plantQueues()
	plantLibrary()
	plantTimers()
	plantReflected()
	plantStacks()
	plantFinalizers()
	for _, plants := range more {
		plants()
	}
}

func tell() {
	warmThreads()
	var file *os.File
	if *dump != "" {
		var err error
		if file, err = os.Create(*dump); err != nil {
			panic(err)
		}
	}
	runtime.GC()
	for _, plants := range late {
		plants()
	}
	told.Dump, told.Young, told.Wide = *dump, *young, *young/100
	told.Cached = cached{*after, unsafe.Sizeof(*last), unsafe.Sizeof(*lastTiny)}
	if *sites {
		told.Profile = profiled()
	}
	told.Observe()
	if *early {
		sayUnswept(file)
	}
	words := newLastWords(&told, file)
	told = truth{}
	runtime.GC()
	for i := 0; i < *young; i++ {
		dropped = new(node)
		numbers[i%len(numbers)] = int(uintptr(unsafe.Pointer(dropped)))
		dropped = nil
	}
	for i := 0; i < *young/100; i++ {
		droppedWide = &wide{part: &widePart{}}
		droppedError = &failed{err: &failure{part: &widePart{}}}
	}
	droppedWide, droppedError = nil, nil
	words.say()
}

var dropped *node

// Garbage that says of which type it is: by its header, by an interface.
type (
	wide struct {
		part    *widePart
		numbers [80]int
	}
	widePart struct {
		numbers [6]int
		of      *string
	}
	failed struct {
		err    error
		number int
	}
	failure struct {
		part    *widePart
		numbers [3]int
	}
)

func (f *failure) Error() string { return "failure" }

var (
	droppedWide  *wide
	droppedError *failed
)

// A site of runtime.MemProfile with the frames of its stack, innermost first: "function file:line".
type site struct {
	Size   int64    `json:"size"`
	Frames []string `json:"frames"`
}

func profiled() (found []site) {
	records := make([]runtime.MemProfileRecord, 10_000)
	n, _ := runtime.MemProfile(records, true)
	for _, record := range records[:n] {
		frames := runtime.CallersFrames(record.Stack())
		one := site{}
		if record.AllocObjects > 0 {
			one.Size = record.AllocBytes / record.AllocObjects
		}
		for more := true; more; {
			var frame runtime.Frame
			frame, more = frames.Next()
			one.Frames = append(one.Frames, fmt.Sprintf("%s %s:%d", frame.Function, frame.File, frame.Line))
		}
		found = append(found, one)
	}
	return found
}

// What is made after the figures were taken: only the spans it is made in know of it.
type cached struct {
	Count int     `json:"count"` // of either kind
	Size  uintptr `json:"size"`
	Tiny  uintptr `json:"tiny"` // the size of those that share blocks
}

var (
	last     *[5]uintptr
	lastTiny *uint16
)

func makeMore(count int) {
	for i := 0; i < count; i++ {
		last, lastTiny = new([5]uintptr), new(uint16)
	}
}
