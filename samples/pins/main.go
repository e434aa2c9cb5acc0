// Command pins holds large arrays by short slices and strings in every sort of place, says which, and parks. Arrays that
// something uses whole, or may use, are there as well.
package main

import (
	"fmt"
	"runtime"
	"strings"
	"unsafe"

	"gdbext.example/samples/internal/report"
)

// pin is an array of which little is used. Holder and Field: what is said of where the slice or string lies.
type pin struct {
	Holder   string `json:"holder"`
	Field    string `json:"field"`
	Array    string `json:"array"`
	Size     int    `json:"size"`
	Used     int    `json:"used"`
	Capacity int    `json:"capacity"`
}

type truth struct {
	report.Common
	Pins    []pin    `json:"pins"`
	Stacks  []pin    `json:"stacks"`  // held by stacks
	Kept    []pin    `json:"kept"`    // the same, by what is no more than kept alive
	Others  []string `json:"others"`  // arrays that nothing may be said of
	Unknown []string `json:"unknown"` // arrays whose holder has no type
}

const size = 64 << 10

type nested struct {
	number int
	rows   [2]struct{ head []byte }
}

var (
	head     []byte
	text     string
	within   nested
	elements [3]string
	many     [40]struct {
		number int
		head   []uint64
	}
	inMany  *[40]struct{ head []byte } // on the heap
	mapped  = map[string][]byte{}
	closure func() byte
	local   func() int

	used     []byte // all of an array
	usedToo  string // a part of the same
	pointer  *byte  // a plain pointer into an array
	beside   []byte // a part of the same
	emptied  []byte // a buffer for later
	untyped  unsafe.Pointer
	byItself any
)

//go:noinline
func array() []byte { return make([]byte, size) }

func told(holder, field string, array unsafe.Pointer, used, capacity int) pin {
	return pin{holder, field, fmt.Sprintf("%#x", uintptr(array)), size, used, capacity}
}

func ofBytes(holder, field string, one []byte) pin {
	return told(holder, field, unsafe.Pointer(unsafe.SliceData(one)), len(one), cap(one))
}

func ofText(holder, field, one string) pin {
	return told(holder, field, unsafe.Pointer(unsafe.StringData(one)), len(one), len(one))
}

//go:noinline
func made(head []byte) func() byte { return func() byte { return head[0] } }

//go:noinline
func madeOfText(text string, number int) func() int { return func() int { return len(text) + number } }

func plant(t *truth) {
	head = array()[:1:1]
	text = strings.Repeat("z", size)[:3]
	within.rows[1].head = array()[:2]
	elements[2] = strings.Repeat("q", size)[:5]
	many[33].head = make([]uint64, size/8)[:4:8]
	inMany = new([40]struct{ head []byte })
	inMany[20].head = array()[:7]
	mapped["a"] = array()[:8]
	captured, word := array()[:9:9], strings.Repeat("c", size)[:10]
	closure, local = made(captured), madeOfText(word, len(mapped))
	byItself = array()[:11]
	longs := told("main.many", "[…].head", unsafe.Pointer(unsafe.SliceData(many[33].head)), 32, 64)
	t.Pins = []pin{
		ofBytes("main.head", "", head), ofText("main.text", "", text),
		ofBytes("main.within", ".rows[…].head", within.rows[1].head), ofText("main.elements", "[…]", elements[2]), longs,
		ofBytes("[40]struct { head []uint8 }", "[…].head", inMany[20].head), ofBytes("map", "", mapped["a"]),
		ofBytes("main.made.func1 (closure)", "captured head", captured),
		ofText("main.madeOfText.func1 (closure)", "captured text", word), ofBytes("[]uint8", "", byItself.([]byte)),
	}
}

func plantOthers(t *truth) {
	used = array()
	usedToo = unsafe.String(&used[0], 20)
	beside = array()[:1]
	pointer = &beside[:100][99]
	emptied = array()[:0]
	for _, one := range [][]byte{used, beside, emptied[:1]} {
		t.Others = append(t.Others, fmt.Sprintf("%#x", uintptr(unsafe.Pointer(&one[0]))))
	}
	whole := array()
	untyped = unsafe.Pointer(&whole[0])
	t.Others = append(t.Others, fmt.Sprintf("%#x", uintptr(untyped)))
}

var (
	end     = make(chan struct{})
	waiting = make(chan pin)
)

//go:noinline
func holdText(number int) {
	mine := strings.Repeat("s", size)[:number]
	waiting <- ofText("stack of main.holdText", "mine", mine)
	<-end
	println(mine)
}

//go:noinline
func holdArgument(mine []byte) {
	waiting <- ofBytes("stack of main.holdArgument", "mine", mine)
	<-end
	println(len(mine), mine[0], cap(mine))
}

// holdKept uses no length after it waited: where that is, if anywhere, is up to the compiler.
//
//go:noinline
func holdKept() {
	mine := array()[:1:1]
	waiting <- ofBytes("stack of main.holdKept", "mine", mine)
	<-end
	runtime.KeepAlive(mine)
}

// holdPointer leaves a word on its stack that is no slice's.
//
//go:noinline
func holdPointer() {
	mine := &array()[7]
	waiting <- told("", "", unsafe.Pointer(uintptr(unsafe.Pointer(mine))-7), 0, 0)
	<-end
	*mine = 1
}

func main() {
	t := &truth{}
	plant(t)
	plantOthers(t)
	go holdText(len(t.Pins))
	t.Stacks = append(t.Stacks, <-waiting)
	go func() { holdArgument(array()[:len(t.Pins):20]) }()
	t.Stacks = append(t.Stacks, <-waiting)
	go holdKept()
	t.Kept = append(t.Kept, <-waiting)
	go holdPointer()
	t.Unknown = append(t.Unknown, (<-waiting).Array)
	runtime.GC()
	t.Main = report.Goid()
	t.Observe()
	report.Print(t)
	report.ExitAtEnd()
	close(end)
	fmt.Println(closure(), local())
}
