// Command heap plants objects of every kind and says of each where it lies, what reflect calls its type, how many
// elements of which size it has, and whether a collection may take it. Then it collects, writes what the runtime itself
// knows (runtime.MemStats, debug.WriteHeapDump with -dump) and allocates nothing from there on.
package main

import (
	"flag"
	"os"
	"runtime"
	"runtime/debug"

	"gdbext.example/samples/internal/report"
)

type truth struct {
	report.Common
	MemStats *runtime.MemStats `json:"memstats,omitempty"` // written last, by hand
	Objects  []record          `json:"objects"`
	Dump     string            `json:"dump"`  // "" for none
	Young    int               `json:"young"` // objects that nothing has held since the last collection
}

var (
	dump  = flag.String("dump", "", "file for debug.WriteHeapDump")
	young = flag.Int("young", 0, "how many objects to drop after the last collection")
	early = flag.Bool("unswept", false, "stop between marking and sweeping, and dump when the process goes on")

	told truth
	park = make(chan struct{})
	more []func() // plants of newer releases
	late []func() // what would not be as planted after two collections

	profile = runtime.MemProfile // a program that does not use it samples nothing
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
	plantLarge()
	plantText()
	plantMaps()
	plantChannels()
	plantFunctions()
	plantInterfaces()
	plantShapes()
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
	told.Dump, told.Young = *dump, *young
	told.Observe()
	if *early {
		sayUnswept(file)
	}
	words := newLastWords(&told, file)
	told = truth{}
	runtime.GC()
	for i := 0; i < *young; i++ {
		dropped = new(node)
		dropped = nil
	}
	words.say()
}

var dropped *node
