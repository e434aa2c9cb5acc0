// Command cancels plants contexts whose cancel functions lie in many kinds of places, says where, and parks. Given a JSON
// list of contexts on its standard input it fires every cancel that it can still reach, but those of the roots and of the
// contexts in the list, and says what ended.
//
// What was said to end only with one of those in the list and is among that was no proof.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand"
	"os"
	"reflect"
	"runtime"
	"runtime/debug"
	"time"
	"unsafe"

	"gdbext.example/samples/internal/report"
)

// record is one context. Address is a number only: nothing here keeps it alive. Place is where its cancel function is,
// Reachable whether this program can still get at it.
type record struct {
	Address   string `json:"address"`
	Kind      string `json:"kind"`
	Place     string `json:"place"`
	Kept      string `json:"kept"`
	Above     string `json:"above"`
	Root      bool   `json:"root"`
	Reachable bool   `json:"reachable"`
	err       uintptr
}

type truth struct {
	report.Common
	Contexts []*record `json:"contexts"`
	Waiting  []int64   `json:"waiting"`
}

var (
	seed  = flag.Int64("seed", 1, "of the random choices")
	many  = flag.Int("many", 300, "contexts")
	dice  *rand.Rand
	told  truth
	park  = make(chan struct{})
	fires []firing
	// parents are contexts that more may be planted under, each beside its record.
	parents []parent
)

// firing is how the cancel function of a context is reached.
type firing struct {
	of   *record
	fire func()
}

// parent is held weakly, as far as this program goes: by the address, so that only its place says who keeps it. Roots are
// held.
type parent struct {
	of   *record
	make func() context.Context
}

func main() {
	flag.Parse()
	dice = rand.New(rand.NewSource(*seed))
	told.Main = report.Goid()
	plantRoots()
	for i := 0; i < *many; i++ {
		plant()
	}
	scrub()
	go tell()
	<-park
}

// tell runs on a goroutine of its own, so that the truth shows main where it stays.
func tell() {
	report.Settle("waiters", func() bool {
		stacks := report.Stacks()
		for _, goid := range append(told.Waiting, told.Main) {
			if !report.Parked(stacks, goid) {
				return false
			}
		}
		return true
	})
	runtime.GC()
	runtime.GC()
	debug.SetGCPercent(-1) // the memory of what ends stays as it is
	planted := make(chan struct{})
	go plantLate(planted) // whose stack goes with it
	<-planted
	told.Observe()
	report.Print(&told)
	input := bufio.NewReader(os.Stdin)
	line, err := input.ReadBytes('\n')
	if err != nil {
		os.Exit(0)
	}
	var spared []string
	if err := json.Unmarshal(line, &spared); err != nil {
		panic(err)
	}
	fire(spared)
	input.ReadByte()
	os.Exit(0)
}

// fire calls all that can be reached but what is spared, and says which contexts ended.
func fire(spared []string) {
	spare := map[string]bool{}
	for _, address := range spared {
		spare[address] = true
	}
	for _, one := range fires {
		if !spare[one.of.Address] {
			one.fire()
		}
	}
	time.Sleep(200 * time.Millisecond)
	ended := []string{}
	for _, one := range told.Contexts {
		if word(one.err) != 0 { // the object is there: nothing was collected
			ended = append(ended, one.Address)
		}
	}
	line, _ := json.Marshal(map[string][]string{"ended": ended})
	fmt.Printf("%s\n", line)
}

// word is read from an address that is no pointer: what -race checks of those it does not check here.
//
//go:nocheckptr
func word(at uintptr) uintptr {
	return *(*uintptr)(unsafe.Pointer(at)) //nolint
}

// note writes a context down without keeping it. Its kind is that of the object that can be cancelled.
func note(ctx context.Context, place, kept, above string, reachable bool) *record {
	value := reflect.ValueOf(ctx)
	errAt := errOffset(value.Type().Elem())
	one := &record{
		Address: fmt.Sprintf("%#x", value.Pointer()), Kind: value.Type().String(), Place: place, Kept: kept, Above: above,
		Reachable: reachable, err: value.Pointer() + errAt,
	}
	told.Contexts = append(told.Contexts, one)
	return one
}

// errOffset is where a canceler keeps why it ended.
func errOffset(of reflect.Type) uintptr {
	if field, found := of.FieldByName("err"); found {
		return field.Offset + embedded(of, "err")
	}
	panic("no err in " + of.String())
}

// embedded is where the structure that a promoted field is of begins.
func embedded(of reflect.Type, name string) uintptr {
	for i := 0; i < of.NumField(); i++ {
		field := of.Field(i)
		if field.Name == name {
			return 0
		}
		if field.Anonymous && field.Type.Kind() == reflect.Struct {
			if _, found := field.Type.FieldByName(name); found {
				return field.Offset + embedded(field.Type, name)
			}
		}
	}
	return 0
}

// scrub overwrites what calls left on the stack.
//
//go:noinline
func scrub() {
	var words [4096]uintptr
	runtime.KeepAlive(&words)
}
