package main

import (
	"fmt"
	"reflect"
	"runtime"
	"unsafe"
)

// A record says of one object what the program that made it knows. Address is the pointer as the program has it: where
// a malloc header stands before the object, that is 8 bytes into its slot.
type record struct {
	Name     string `json:"name"`
	Kind     string `json:"kind"` // reflect.Kind, "slice" for the array below one, "text" for bytes below a string
	Address  string `json:"address"`
	Type     string `json:"type"`     // of an element, as reflect prints it; of a map, channel or function its own
	Package  string `json:"package"`  // import path of a named type
	Count    int    `json:"count"`    // elements; entries of a map, buffered elements of a channel
	Size     int    `json:"size"`     // bytes of an element; 0 where only the runtime knows
	Pointers int    `json:"pointers"` // pointer words of an element; -1 where only the runtime knows
	Words    []int  `json:"words"`    // which they are, unless they are very many
	Function string `json:"function"` // of a closure
	Held     string `json:"held"`     // by what
	Dead     bool   `json:"dead"`     // nothing has held it since before the last collection
}

const (
	byGlobal    = "global"
	byInterface = "interface"
	byInterior  = "interior"
	byObject    = "object"
	byStack     = "stack"
	byStackVar  = "stack object"
	byDefer     = "defer"
	byFinalizer = "finalizer"
	bySpecial   = "special"
	byTimer     = "timer"
	byPool      = "pool"
	byNothing   = "nothing"
	mostWords   = 128
)

// held keeps what is known to be of a type by the interface alone.
var held []any

func note(r record) { told.Objects = append(told.Objects, r) }

var escaped unsafe.Pointer

// hex is where p points to, which the compiler then puts on the heap.
func hex(p unsafe.Pointer) string {
	escaped = p
	escaped = nil
	return fmt.Sprintf("%#x", uintptr(p))
}

// object records what p points to, one value.
func object[T any](name, by string, p *T) *T {
	note(described(name, by, reflect.TypeOf(p).Elem(), unsafe.Pointer(p), 1))
	return p
}

// larger is object, of which the program sees the beginning only: the runtime put more behind it.
func larger[T any](name, by string, p *T) *T {
	object(name, by, p)
	last := &told.Objects[len(told.Objects)-1]
	last.Size, last.Pointers, last.Words = 0, -1, nil
	return p
}

// kept is object, and an interface holds it.
func kept[T any](name string, p *T) *T {
	held = append(held, p)
	return object(name, byInterface, p)
}

// elements records the array below s, with what lies beyond its length.
func elements[T any](name, by string, s []T) []T {
	r := described(name, by, reflect.TypeOf(s).Elem(), unsafe.Pointer(unsafe.SliceData(s)), cap(s))
	r.Kind = "slice"
	note(r)
	return s
}

// word records an object that the language shows as one word: a map, a channel, a function.
func word[T any](name, by string, v T, count int) T {
	t := reflect.TypeOf(v)
	at := *(*unsafe.Pointer)(unsafe.Pointer(&v))
	r := record{Name: name, Kind: t.Kind().String(), Address: hex(at), Type: t.String(), Count: count, Pointers: -1, Held: by}
	if t.Kind() == reflect.Func {
		r.Function = runtime.FuncForPC(*(*uintptr)(at)).Name()
	}
	note(r)
	return v
}

func described(name, by string, t reflect.Type, at unsafe.Pointer, count int) record {
	r := record{Name: name, Kind: t.Kind().String(), Address: hex(at), Type: t.String(), Package: t.PkgPath()}
	r.Count, r.Size, r.Held, r.Dead = count, int(t.Size()), by, by == byNothing
	words := pointerWords(t, 0, nil)
	if r.Pointers = len(words); len(words) <= mostWords {
		r.Words = words
	}
	return r
}

// pointerWords appends the words of a t at word that a collector follows. An interface's first word is not one of them.
func pointerWords(t reflect.Type, word int, found []int) []int {
	switch t.Kind() {
	case reflect.Pointer, reflect.UnsafePointer, reflect.Map, reflect.Chan, reflect.Func, reflect.String, reflect.Slice:
		return append(found, word)
	case reflect.Interface:
		return append(found, word+1)
	case reflect.Array:
		size := int(t.Elem().Size())
		for i := 0; i < t.Len() && hasPointers(t.Elem()); i++ {
			found = pointerWords(t.Elem(), word+i*size/8, found)
		}
	case reflect.Struct:
		for i := 0; i < t.NumField(); i++ {
			field := t.Field(i)
			found = pointerWords(field.Type, word+int(field.Offset)/8, found)
		}
	}
	return found
}

func hasPointers(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Array:
		return t.Len() > 0 && hasPointers(t.Elem())
	default:
		return len(pointerWords(t, 0, nil)) > 0
	}
}
