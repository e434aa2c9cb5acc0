package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"unsafe"
)

type node struct {
	next *node
	name string
	n    int
}

type tree struct {
	left, right *tree
	value       any
}

type pair[K comparable, V any] struct {
	Key   K
	Value V
}

type list[T any] struct {
	next *list[T]
	item T
}

// A beginning is as large as the slots are that a whole gets, and has all its pointers.
type beginning struct {
	of      *node
	numbers [4]int
}

type whole struct {
	beginning
	last int
}

// Typed globals: what they hold is known by them alone.
var globals struct {
	text      string
	bytes     []byte
	tiny      [8]string
	builder   *strings.Builder
	buffer    *bytes.Buffer
	spare     []*node
	middle    []three
	field     *string
	element   *three
	chain     *node
	ring      *node
	tree      *tree
	generic   *list[pair[string, *node]]
	plain     *pair[int, float64]
	unsafe    unsafe.Pointer
	beginning *beginning
	double    **node
	functions []func() int
	maps      maps
	channels  channels
	errors    []error
	writer    io.Writer
	queue     []*queued
	long      []*queued
	numbers   []int64
}

func text(name, by, s string) string {
	at := unsafe.Pointer(unsafe.StringData(s))
	note(record{Name: name, Kind: "text", Address: hex(at), Type: "uint8", Count: len(s), Size: 1, Held: by})
	return s
}

func plantText() {
	globals.text = text("a string", byGlobal, strings.Repeat("long ", 20))
	for i := range globals.tiny {
		globals.tiny[i] = text("a string of a tiny block", byGlobal, strings.Repeat("t", 2+i%5))
	}
	globals.bytes = elements("bytes", byGlobal, make([]byte, 3, 100))
	globals.builder = object("builder", byGlobal, new(strings.Builder))
	globals.builder.WriteString(strings.Repeat("b", 70))
	text("text of the builder", byObject, globals.builder.String())
	globals.buffer = object("buffer", byGlobal, bytes.NewBufferString("x"))
	globals.buffer.Write(make([]byte, 300))
	elements("bytes of the buffer", byObject, globals.buffer.Bytes())
}

type maps struct {
	small     map[string]int
	big       map[string]int
	pointers  map[int]*node
	keys      map[*node]bool
	wideKeys  map[[200]byte]int
	wideElems map[string][200]byte
	both      map[[129]byte]*[129]byte
	set       map[int]struct{}
	mixed     map[any]any
	thinned   map[int]int
	empty     map[string]string
	structs   map[pair[int, string]]pair[string, *node]
	nested    map[string]map[string]int
	growing   map[int]*node
	unset     map[int]int
}

func plantMaps() {
	m := &globals.maps
	m.small = map[string]int{"one": 1, "two": 2, "three": 3}
	m.big, m.pointers, m.keys = map[string]int{}, map[int]*node{}, map[*node]bool{}
	m.wideKeys, m.wideElems, m.set = map[[200]byte]int{}, map[string][200]byte{}, map[int]struct{}{}
	m.both, m.mixed, m.thinned = map[[129]byte]*[129]byte{}, map[any]any{}, map[int]int{}
	m.empty, m.structs = make(map[string]string), map[pair[int, string]]pair[string, *node]{}
	m.nested = map[string]map[string]int{}
	for i := 0; i < 2000; i++ {
		m.big[fmt.Sprint("key ", i)] = i
		m.thinned[i] = i
	}
	for i := 0; i < 60; i++ {
		m.pointers[i] = object("element of a map", byObject, &node{n: i})
		m.keys[object("key of a map", byObject, &node{n: i})] = true
		m.wideKeys[[200]byte{byte(i)}], m.wideElems[fmt.Sprint(i)] = i, [200]byte{byte(i)}
		m.both[[129]byte{byte(i)}] = object("behind a pointer in a map", byObject, &[129]byte{byte(i)})
		m.set[i], m.mixed[i], m.mixed[fmt.Sprint(i)] = struct{}{}, fmt.Sprint(i), &node{n: i}
		m.structs[pair[int, string]{i, "s"}] = pair[string, *node]{"v", &node{n: i}}
	}
	for i := 0; i < 1990; i++ {
		delete(m.thinned, i)
	}
	m.growing = map[int]*node{}
	for i := 0; i < 13*64/2+1; i++ { // one more than 64 buckets take before Go 1.24, which then begin to be moved
		m.growing[i] = object("element of a growing map", byObject, &node{n: i})
	}
	for i := 0; i < 3; i++ {
		m.nested[fmt.Sprint(i)] = word("map in a map", byObject, map[string]int{"n": i}, 1)
	}
	value := reflect.ValueOf(m).Elem()
	for i := 0; i < value.NumField(); i++ {
		field := value.Field(i)
		if at := field.UnsafePointer(); at != nil {
			t := field.Type().String()
			note(record{Name: "map " + value.Type().Field(i).Name, Kind: "map", Address: hex(at), Type: t,
				Count: field.Len(), Pointers: -1, Held: byGlobal})
		}
	}
}

type channels struct {
	signal   chan struct{}
	numbers  chan int
	buffer   chan [3]int
	pointers chan *node
	structs  chan pair[string, *node]
	wide     chan [100]*int
	closed   <-chan string
}

func plantChannels() {
	c := &globals.channels
	c.signal = word("unbuffered", byGlobal, make(chan struct{}), 0)
	c.numbers = word("unbuffered channel of numbers", byGlobal, make(chan int), 0)
	c.buffer = word("buffer without pointers", byGlobal, make(chan [3]int, 10), 10)
	c.pointers = word("buffer of pointers", byGlobal, make(chan *node, 4), 4)
	c.structs = word("buffer of structs", byGlobal, make(chan pair[string, *node], 3), 3)
	c.wide = word("wide buffer", byGlobal, make(chan [100]*int, 5), 5)
	closed := make(chan string, 2)
	closed <- text("text in a closed channel", byObject, strings.Repeat("closed", 10))
	close(closed)
	c.closed = word("closed", byGlobal, (<-chan string)(closed), 2)
	c.pointers <- object("in a buffer", byObject, &node{n: 1})
	c.pointers <- object("in a buffer", byObject, &node{n: 2})
	c.structs <- pair[string, *node]{"s", object("in a buffer of structs", byObject, &node{n: 3})}
}

func (n *node) number() int { return n.n }

type numbered interface{ number() int }

func plantFunctions() {
	captured := object("captured", byObject, &node{n: 4})
	var all []func() int
	add := func(name string, f func() int) { all = append(all, word(name, byObject, f, 1)) }
	add("closure with a pointer", func() int { return captured.n })
	number := len(all) + 41
	add("closure with a number", func() int { return number })
	shared := 5
	add("closure that counts", func() int { shared++; return shared })
	add("closure that resets", func() int { shared = 0; return len(globals.text) })
	add("method value", object("receiver", byObject, &node{n: 6}).number)
	add("method value of an interface", numbered(object("receiver in an interface", byObject, &node{n: 7})).number)
	add("closure of a generic function", counter(pair[string, *node]{"key", object("in a generic closure", byObject, &node{})}))
	for i := 0; i < 20; i++ {
		inner := all[0]
		add("closure in a row", func() int { return inner() + captured.n })
	}
	globals.functions = elements("functions", byGlobal, all)
}

//go:noinline
func counter[K comparable, V any](p pair[K, V]) func() int {
	calls := 0
	return func() int { calls++; _ = p.Value; return calls + int(reflect.TypeOf(p).Size()) }
}

type number int

func (n number) Error() string { return fmt.Sprint(int(n)) }

func plantInterfaces() {
	boxed := func(name string, v any) {
		t := reflect.TypeOf(v)
		note(described(name, byInterface, t, (*[2]unsafe.Pointer)(unsafe.Pointer(&v))[1], 1))
		held = append(held, v)
	}
	boxed("boxed number", 1<<40+len(held))
	boxed("boxed string", strings.Clone("boxed"))
	boxed("boxed struct", node{name: "boxed", n: len(held)})
	boxed("boxed slice", make([]*node, 2))
	boxed("boxed array", [2]any{1, globals.text})
	boxed("boxed generic", pair[int, *node]{len(held), nil})
	boxed("boxed interface struct", struct{ e error }{io.EOF})
	failed := errors.New(text("text of an error", byObject, strings.Repeat("failed ", 3)))
	globals.errors = []error{failed, fmt.Errorf("again: %w", failed), number(1<<50 + len(held))}
	elements("errors", byGlobal, globals.errors)
	for i := range globals.errors {
		at := (*[2]unsafe.Pointer)(unsafe.Pointer(&globals.errors[i]))[1]
		t := reflect.TypeOf(globals.errors[i])
		if t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		note(described("error", byObject, t, at, 1))
	}
	globals.writer = object("writer", byGlobal, new(bytes.Buffer))
}

// plantShapes: how objects hang together.
func plantShapes() {
	backing := make([]*node, 4, 10)
	for i := range backing[:10] {
		backing[:10][i] = object("element, some beyond the length", byObject, &node{n: i})
	}
	globals.spare = elements("slice with room", byGlobal, backing)
	globals.middle = elements("from its middle only", byInterior, make([]three, 60))[20:30]
	globals.field = &object("by a field only", byInterior, &node{name: "field"}).name
	globals.element = &elements("by an element only", byInterior, make([]three, 100))[99]
	for i := 0; i < 100; i++ {
		globals.chain = object("link", byObject, &node{next: globals.chain, n: i})
	}
	first := object("ring", byObject, &node{name: "ring"})
	first.next = object("ring", byObject, &node{next: &node{next: first}})
	globals.ring = first
	globals.tree = grow(6)
	globals.generic = object("generic", byGlobal, &list[pair[string, *node]]{item: pair[string, *node]{"k", globals.chain}})
	globals.generic.next = object("generic", byObject, new(list[pair[string, *node]]))
	globals.plain = object("generic without pointers", byGlobal, &pair[int, float64]{1, 2})
	globals.unsafe = unsafe.Pointer(object("unsafe", byGlobal, &node{name: "unsafe"}))
	globals.beginning = &object("known by its beginning", byGlobal, &whole{}).beginning
	globals.double = object("pointer to a pointer", byGlobal, new(*node))
	*globals.double = object("behind two pointers", byObject, new(node))
}

// What only the rest of a slice leads to whose first element was popped.
type queued struct {
	number int
	part   *queuedPart
	more   [4]int
}

type queuedPart struct {
	numbers [5]int
	of      *int
}

func popped(name string, count int) []*queued {
	all := elements(name, byInterior, make([]*queued, count))
	for i := range all {
		all[i] = object("queued", byObject, &queued{number: i, part: object("part of what is queued", byObject, &queuedPart{})})
	}
	return all[1:]
}

func plantQueues() {
	globals.queue = popped("popped", 12)
	globals.long = popped("popped, many", 100)
	globals.numbers = elements("popped numbers", byInterior, make([]int64, 50))[1:]
}

func grow(depth int) *tree {
	if depth == 0 {
		return nil
	}
	return object("tree", byObject, &tree{grow(depth - 1), grow(depth - 1), depth})
}

var hidden [2]uintptr

func init() { late = append(late, drop) }

// drop: garbage, some of it in a ring, some known by its number only. Nothing takes its place.
//
//go:noinline
func drop() {
	one := object("dropped ring", byNothing, &node{})
	one.next = object("dropped ring", byNothing, &node{next: one})
	elements("dropped", byNothing, make([]*node, 200))
	elements("dropped and large", byNothing, make([]*node, 9000))
	hidden[0] = uintptr(unsafe.Pointer(object("by its number only", byNothing, &node{})))
	hidden[1] = ^uintptr(unsafe.Pointer(object("by its number only", byNothing, new([90]*int))))
}
