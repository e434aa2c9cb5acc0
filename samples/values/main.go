// Command values plants values of every kind and says of them, by package reflect, what is in them: in the form in which
// go-print writes JSON.
package main

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"gdbext.example/samples/internal/report"
)

type kind uint8

type named string

type inner struct {
	Name  string
	Tags  []string
	Point [2]float64
}

type tree struct {
	left, right *tree
	value       any
}

type ring struct {
	next *ring
	n    int
}

type wide [150]byte

type everything struct {
	flag     bool
	small    int8
	large    uint64
	negative int64
	half     float32
	double   float64
	phase    complex128
	kind     kind
	text     string
	hostile  string
	broken   string
	title    named
	bytes    []byte
	empty    []int
	none     []int
	numbers  []int32
	inners   []inner
	array    [3]inner
	pointer  *inner
	null     *inner
	twice    **int
	loose    unsafe.Pointer
	tree     *tree
	anything []any
	failures []error
	when     []time.Time
	lasts    time.Duration
	count    atomic.Int64
	ready    atomic.Bool
	aside    atomic.Pointer[inner]
	nothing  struct{}
	shared   *sync.Map

	words    map[string]int
	byNumber map[int]string
	byPair   map[[2]int16]inner
	byAny    map[any]int
	wideKeys map[wide]int
	wideElem map[int]wide
	big      map[string]int
	thinned  map[int]int
	growing  map[int]int
	noMap    map[string]int
	emptyMap map[string]int
	nested   map[string]map[string][]int
	set      map[string]struct{}
}

type channel struct {
	Address   string  `json:"address"`
	Len       int     `json:"len"`
	Cap       int     `json:"cap"`
	Closed    bool    `json:"closed"`
	Buffer    []any   `json:"buffer"`
	Receivers []int64 `json:"receivers"`
	Senders   []int64 `json:"senders"`
}

type closure struct {
	Address  string         `json:"address"`
	Function string         `json:"function"`
	Captured map[string]any `json:"captured"`
}

type truth struct {
	report.Common
	Address  string    `json:"address"`
	Depth    int       `json:"depth"`
	Value    any       `json:"value"`
	Ring     string    `json:"ring"`
	Channels []channel `json:"channels"`
	Closures []closure `json:"closures"`
	Locks    string    `json:"locks"`
	Aside    any       `json:"aside"`
	Shared   any       `json:"shared"`
	Settled  any       `json:"settled"`
	Defined  any       `json:"defined"`
	Crowded  int       `json:"crowded"`
	Context  string    `json:"context"`
}

const depth = 5

var (
	planted *everything
	global  = inner{"a global", []string{"x", "y"}, [2]float64{1, 2}}
	boxed   = []any{
		strings.Repeat("x", 66), time.Unix(0, 0).UTC(), (*inner)(nil), []int(nil), []bool{true, false},
		[2]complex64{1i, 2}, map[any]int{named(strings.Repeat("k", 90)): 1}, make([]struct{}, 1<<40),
	}
	aside                                        atomic.Pointer[tree]
	counter                                      atomic.Uint64
	shared, settled, untouched, emptied, crowded sync.Map
	defined                                      registry
	many                                         = make([]struct{}, 1<<50, 1<<51)
	circle                                       *ring
	channels                                     struct {
		wrapped chan int
		structs chan inner
		closed  chan string
		idle    chan struct{}
		full    chan *inner
		unset   chan int
	}
	functions []func() int
	locks     struct {
		free, taken sync.Mutex
		reading     sync.RWMutex
		writing     sync.RWMutex
		once        sync.Once
		group       sync.WaitGroup
	}
	secret context.Context
	told   truth
	park   = make(chan struct{})
)

func plant() *everything {
	number, zone := 7, time.FixedZone("there", 3600)
	pointer := &number
	e := &everything{
		flag: true, small: -8, large: 1<<64 - 1, negative: -1 << 62, half: 0.5, double: -2.25, phase: complex(1, -2),
		kind: 3, text: "text with \"quotes\" and é", hostile: "\x1b[31mred\x1b[0m\x00\u202e", broken: "\xff\xfe",
		title: "named", bytes: []byte("some bytes"), empty: []int{}, numbers: []int32{1, -2, 3},
		inners: []inner{{"first", nil, [2]float64{}}, {"second", []string{"a", "b"}, [2]float64{0, 1.5}}},
		array:  [3]inner{{Name: "in an array"}}, pointer: &inner{Name: "behind a pointer", Tags: []string{""}},
		twice: &pointer, loose: unsafe.Pointer(&number), lasts: 90*time.Minute + 1500*time.Millisecond,
		tree: &tree{left: &tree{value: "left"}, right: &tree{value: 2.5}, value: &inner{Name: "in the tree"}},
		anything: []any{nil, 1, int8(-1), "text", named("named"), inner{Name: "boxed"}, &inner{Name: "pointed at"},
			[]int{1, 2}, map[string]int{"one": 1}, kind(9), struct{}{}, [1]*int{pointer}, true, 1.5},
		failures: []error{nil, errors.New("it failed"), fmt.Errorf("again: %w", errors.New("it failed"))},
		when: []time.Time{{}, time.Unix(0, 0), time.Unix(1700000000, 123456789).In(zone), time.Now(),
			time.Date(1815, 12, 10, 1, 2, 3, 4, time.UTC)},
		words: map[string]int{"one": 1, "two": 2, "three": 3}, byNumber: map[int]string{-1: "minus", 0: "zero"},
		byPair: map[[2]int16]inner{{1, 2}: {Name: "pair"}, {3, 4}: {}}, byAny: map[any]int{1: 1, "one": 2, kind(1): 3},
		wideKeys: map[wide]int{}, wideElem: map[int]wide{}, big: map[string]int{}, thinned: map[int]int{},
		growing: map[int]int{}, emptyMap: map[string]int{}, nested: map[string]map[string][]int{"a": {"b": {1, 2, 3}}},
		set: map[string]struct{}{"member": {}},
	}
	e.shared = new(sync.Map)
	e.shared.Store("in the heap", &inner{Name: "by way of a shared map"})
	e.shared.Store(kind(2), 2)
	e.count.Store(-5)
	e.ready.Store(true)
	e.aside.Store(&inner{Name: "aside"})
	for i := 0; i < 2000; i++ {
		e.big[fmt.Sprint("key ", i)] = i
		e.thinned[i] = -i
	}
	for i := 3; i < 2000; i++ {
		delete(e.thinned, i)
	}
	for i := 0; i < 20; i++ {
		e.wideKeys[wide{byte(i)}], e.wideElem[i] = i, wide{149: byte(i)}
	}
	for i := 0; i < 13*64/2+1; i++ { // one more than 64 buckets take before Go 1.24, which then begin to be moved
		e.growing[i] = i
	}
	return e
}

func plantChannels() {
	c := &channels
	c.wrapped, c.structs, c.closed = make(chan int, 4), make(chan inner, 3), make(chan string, 2)
	c.idle, c.full = make(chan struct{}), make(chan *inner, 1)
	for i := 1; i <= 4; i++ {
		c.wrapped <- i
	}
	<-c.wrapped
	<-c.wrapped
	c.wrapped <- 5
	c.structs <- inner{Name: "sent"}
	c.closed <- "last"
	close(c.closed)
	c.full <- nil
	receiver, sender := make(chan int64), make(chan int64)
	go func() { receiver <- report.Goid(); <-c.idle }()
	go func() { sender <- report.Goid(); c.full <- nil }()
	receives, sends := <-receiver, <-sender
	report.Settle("channels", func() bool {
		stacks := report.Stacks()
		return report.Parked(stacks, receives) && report.Parked(stacks, sends)
	})
	told.Channels = []channel{
		{hex(c.wrapped), 3, 4, false, []any{3, 4, 5}, []int64{}, []int64{}},
		{hex(c.structs), 1, 3, false, []any{tell(reflect.ValueOf(inner{Name: "sent"}), 1)}, []int64{}, []int64{}},
		{hex(c.closed), 1, 2, true, []any{"last"}, []int64{}, []int64{}},
		{hex(c.idle), 0, 0, false, []any{}, []int64{receives}, []int64{}},
		{hex(c.full), 1, 1, false, []any{nil}, []int64{}, []int64{sends}},
	}
}

func plantFunctions() {
	number, text, shared := len(told.Channels)+41, strings.Repeat("captured ", 2), 5
	closures := []struct {
		f        func() int
		captured map[string]any
	}{
		{func() int { return number }, map[string]any{"number": number}},
		{func() int { return len(text) + number }, map[string]any{"text": text, "number": number}},
		{func() int { shared++; return shared }, map[string]any{"&shared": map[string]any{"type": "*int", "value": 5}}},
		{plain, map[string]any{}},
	}
	for _, one := range closures {
		functions = append(functions, one.f)
		at := *(*unsafe.Pointer)(unsafe.Pointer(&one.f))
		name := runtime.FuncForPC(*(*uintptr)(at)).Name()
		told.Closures = append(told.Closures, closure{fmt.Sprintf("%#x", uintptr(at)), name, one.captured})
	}
}

//go:noinline
func plain() int { return 3 }

// plantShared fills a map of package sync that is written to still, one that was read until nothing had to be written any
// more, and those with many entries and none.
func plantShared() {
	aside.Store(&tree{left: &tree{value: 1}, value: "aside of all"})
	counter.Store(1 << 63)
	for _, m := range []*sync.Map{&shared, &settled} {
		for i := 0; i < 20; i++ {
			m.Store(i, fmt.Sprint("value ", i))
		}
		for i := 0; i < 2000; i++ { // before Go 1.24: by now all of them are read without a lock
			m.Load(i % 20)
		}
		m.Store("struct", inner{Name: "in a shared map"})
		m.Store(named("pointer"), &inner{Name: "from a shared map"})
		m.Store([2]int{1, 2}, nil)
		m.Store("list", []int{1, 2})
		m.Delete(7)
		m.Store("deleted", 1)
		m.Delete("deleted")
		m.Delete("list")
		m.Store(3, "another value")
	}
	settled.Range(func(any, any) bool { return true })
	settled.Delete(8)
	shared.Store("itself", &shared)
	for i := 0; i < 5000; i++ {
		crowded.Store(i, i)
		emptied.Store(i, i)
		emptied.Delete(i)
	}
	if _, found := untouched.Load(0); found {
		panic("there is nothing in it")
	}
	(*sync.Map)(&defined).Store("a key", inner{Name: "in a map by another name"})
	told.Defined = sharedTable((*sync.Map)(&defined), depth)
	told.Crowded = 5000
	told.Aside = tell(reflect.ValueOf(aside.Load()), depth)
	told.Shared, told.Settled = sharedTable(&shared, depth), sharedTable(&settled, depth)
}

// A registry is a map of package sync by another name.
type registry sync.Map

// sharedTable is a map of package sync as go-print writes it.
func sharedTable(m *sync.Map, depth int) []any {
	pairs := []any{}
	m.Range(func(key, value any) bool {
		told := any(map[string]any{"type": "*sync.Map"})
		if value != m {
			told = tell(reflect.ValueOf(&value).Elem(), depth-1)
		}
		pairs = append(pairs, map[string]any{"key": tell(reflect.ValueOf(&key).Elem(), depth-1), "value": told})
		return true
	})
	return pairs
}

func plantLocks() {
	locks.taken.Lock()
	locks.reading.RLock()
	locks.reading.RLock()
	locks.writing.Lock()
	locks.once.Do(func() {})
	locks.group.Add(3)
	told.Locks = fmt.Sprintf("%#x", uintptr(unsafe.Pointer(&locks)))
}

func hex[T any](c chan T) string { return fmt.Sprintf("%#x", reflect.ValueOf(c).Pointer()) }

type key struct{}

func main() {
	told.Main = report.Goid()
	planted = plant()
	circle = &ring{n: 1}
	circle.next = &ring{n: 2, next: circle}
	secret = context.WithValue(context.Background(), key{}, "a secret")
	plantChannels()
	plantFunctions()
	plantLocks()
	plantShared()
	told.Address, told.Depth = fmt.Sprintf("%#x", uintptr(unsafe.Pointer(planted))), depth
	told.Ring = fmt.Sprintf("%#x", uintptr(unsafe.Pointer(circle)))
	told.Context = fmt.Sprintf("%#x", reflect.ValueOf(secret).Pointer())
	told.Value = tell(reflect.ValueOf(planted).Elem(), depth)
	told.Observe()
	report.Print(&told)
	go report.ExitAtEnd()
	<-park
	runtime.KeepAlive(global)
	runtime.KeepAlive(boxed)
	runtime.KeepAlive(many)
}

// tell is a value as go-print writes it, with what so many pointers lead to.
func tell(v reflect.Value, depth int) any {
	switch v.Kind() {
	case reflect.Bool:
		return v.Bool()
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return v.Int()
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return v.Uint()
	case reflect.Float32, reflect.Float64:
		return v.Float()
	case reflect.Complex128:
		return map[string]any{"real": real(v.Complex()), "imag": imag(v.Complex())}
	case reflect.String:
		return text(v.String())
	case reflect.UnsafePointer:
		return reference(v)
	case reflect.Array:
		return list(v, depth)
	case reflect.Slice:
		if v.IsNil() {
			return nil
		}
		return list(v, depth-1)
	case reflect.Map:
		return table(v, depth-1)
	case reflect.Pointer:
		if v.IsNil() {
			return nil
		}
		found := reference(v)
		if depth > 0 {
			found["value"] = tell(v.Elem(), depth-1)
		}
		return found
	case reflect.Interface:
		return held(v, depth)
	case reflect.Struct:
		return fields(v, depth)
	}
	panic(v.Kind())
}

// text: bytes that are no UTF-8 are written as escapes.
func text(s string) string {
	var out strings.Builder
	for i, r := range s {
		if r == '\ufffd' {
			fmt.Fprintf(&out, "\\x%02x", s[i])
		} else {
			out.WriteRune(r)
		}
	}
	return out.String()
}

func reference(v reflect.Value) map[string]any {
	return map[string]any{"address": fmt.Sprintf("%#x", v.Pointer()), "type": v.Type().String()}
}

func list(v reflect.Value, depth int) []any {
	found := make([]any, 0, v.Len())
	for i := 0; i < v.Len(); i++ {
		found = append(found, tell(v.Index(i), depth))
	}
	return found
}

func table(v reflect.Value, depth int) any {
	if v.IsNil() {
		return nil
	}
	named, pairs := map[string]any{}, []any{}
	for each := v.MapRange(); each.Next(); {
		value := tell(each.Value(), depth)
		switch each.Key().Kind() {
		case reflect.String:
			named[each.Key().String()] = value
		case reflect.Int:
			named[strconv.FormatInt(each.Key().Int(), 10)] = value
		default:
			pairs = append(pairs, map[string]any{"key": tell(each.Key(), depth), "value": value})
		}
	}
	if len(pairs) > 0 {
		return pairs
	}
	return named
}

func held(v reflect.Value, depth int) any {
	if v.IsNil() {
		return nil
	}
	inside := v.Elem()
	t := inside.Type()
	if t.Kind() == reflect.Struct || t.Kind() == reflect.Array && t.Elem().Kind() != reflect.Pointer || t.Kind() == reflect.Slice {
		depth-- // behind a pointer of the interface's
	}
	found := map[string]any{"type": t.String(), "value": tell(inside, depth)}
	if t.String() == "*errors.errorString" || t.String() == "*fmt.wrapError" {
		found["error"] = inside.Elem().Field(0).String()
	}
	return found
}

func fields(v reflect.Value, depth int) any {
	t := v.Type()
	switch name := t.String(); {
	case name == "time.Time":
		when := *(*time.Time)(v.Addr().UnsafePointer())
		return map[string]any{"time": when.UTC().Format("2006-01-02T15:04:05.000000000Z")}
	case strings.HasPrefix(name, "atomic.Pointer["):
		at := *(**inner)(v.Addr().UnsafePointer())
		return tell(reflect.ValueOf(at), depth)
	case name == "sync.Map":
		return sharedTable((*sync.Map)(v.Addr().UnsafePointer()), depth)
	case name == "atomic.Bool":
		return v.FieldByName("v").Uint() != 0
	case strings.HasPrefix(name, "atomic."):
		return tell(v.FieldByName("v"), depth)
	}
	found := map[string]any{}
	for i := 0; i < t.NumField(); i++ {
		if t.Field(i).Name != "_" {
			found[t.Field(i).Name] = tell(v.Field(i), depth)
		}
	}
	return found
}
