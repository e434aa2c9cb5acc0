package main

import (
	"context"
	"fmt"
	"reflect"
	"strconv"
	"unsafe"
)

// record is one context as Go itself sees it. Parent is an address, "background", "todo" or "" (it has none).
// RegisteredWith is the address of the context whose children map holds it, or "".
type record struct {
	Name           string  `json:"name"`
	Address        string  `json:"address"`
	Kind           string  `json:"kind"`
	Parent         string  `json:"parent"`
	State          string  `json:"state"`
	Cause          string  `json:"cause"`
	RegisteredWith string  `json:"registered_with"`
	Children       int     `json:"children"`
	DeadlineUnixNs int64   `json:"deadline_unix_ns"`
	KeyType        string  `json:"key_type"`
	Key            string  `json:"key"`
	ValueType      string  `json:"value_type"`
	Value          string  `json:"value"`
	Waiters        []int64 `json:"waiters"`
	Holders        []int64 `json:"holders"`
}

// words is an interface's two words as plain numbers: a note of a context which does not keep it alive.
type words [2]uintptr

func wordsOf(ctx context.Context) words { return *(*words)(unsafe.Pointer(&ctx)) }

func (w *words) context() context.Context { return *(*context.Context)(unsafe.Pointer(w)) }

func hex(address uintptr) string { return fmt.Sprintf("%#x", address) }

func address(ctx context.Context) string { return hex(wordsOf(ctx)[1]) }

type noted struct {
	name    string
	words   words
	waiters []int64
	holders []int64
}

// forest notes what is planted.
type forest struct {
	notes []*noted
	index map[uintptr]*noted
}

func (f *forest) note(name string, ctx context.Context) *noted {
	w := wordsOf(ctx)
	if already := f.index[w[1]]; already != nil {
		return already
	}
	n := &noted{name: name, words: w}
	f.notes = append(f.notes, n)
	f.index[w[1]] = n
	return n
}

// noteChain notes a context and every parent not yet noted: for contexts which the standard library made.
func (f *forest) noteChain(name string, ctx context.Context) {
	for depth := 0; ctx != nil && rootName(ctx) == ""; depth++ {
		f.note(name+"^"+strconv.Itoa(depth), ctx)
		ctx = parentOf(ctx)
	}
}

func (f *forest) waits(ctx context.Context, goid int64) {
	n := f.index[wordsOf(ctx)[1]]
	n.waiters = append(n.waiters, goid)
}

func rootName(ctx context.Context) string {
	switch reflect.TypeOf(ctx).String() {
	case "context.backgroundCtx":
		return "background"
	case "context.todoCtx":
		return "todo"
	}
	return ""
}

var contextType = reflect.TypeOf((*context.Context)(nil)).Elem()

// structOf is an addressable view of the struct behind a context, or the zero Value.
func structOf(w *words) reflect.Value {
	t := reflect.TypeOf(w.context())
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return reflect.Value{}
	}
	return reflect.NewAt(t, *(*unsafe.Pointer)(unsafe.Pointer(&w[1]))).Elem()
}

// cancelOf is the context.cancelCtx inside v (itself, or what a timerCtx or afterFuncCtx embeds), or the zero Value.
func cancelOf(v reflect.Value) reflect.Value {
	if !v.IsValid() || v.Type().PkgPath() != "context" {
		return reflect.Value{}
	}
	if v.Type().Name() == "cancelCtx" {
		return v
	}
	return v.FieldByName("cancelCtx")
}

// parentOf reads the field that holds the parent: the embedded Context, else the first field of that interface type.
func parentOf(ctx context.Context) context.Context {
	w := wordsOf(ctx)
	v := structOf(&w)
	if !v.IsValid() {
		return nil
	}
	if inner := cancelOf(v); inner.IsValid() {
		v = inner
	}
	for i := 0; i < v.NumField(); i++ {
		if v.Type().Field(i).Type == contextType {
			parent := *(*words)(v.Field(i).Addr().UnsafePointer())
			return parent.context()
		}
	}
	return nil
}

// childrenOf lists the addresses in the context's children map.
func childrenOf(w *words) []uintptr {
	cancel := cancelOf(structOf(w))
	if !cancel.IsValid() {
		return nil
	}
	var addresses []uintptr
	for _, key := range cancel.FieldByName("children").MapKeys() {
		addresses = append(addresses, key.Elem().Pointer())
	}
	return addresses
}

func (f *forest) records() []record {
	registered := map[uintptr]string{}
	for _, n := range f.notes {
		for _, child := range childrenOf(&n.words) {
			registered[child] = hex(n.words[1])
		}
	}
	result := make([]record, 0, len(f.notes))
	for _, n := range f.notes {
		r := describe(n)
		r.RegisteredWith = registered[n.words[1]]
		result = append(result, r)
	}
	return result
}

func describe(n *noted) record {
	ctx := n.words.context()
	r := record{Name: n.name, Address: hex(n.words[1]), Kind: reflect.TypeOf(ctx).String(), State: "live",
		Children: len(childrenOf(&n.words)), Waiters: append([]int64{}, n.waiters...), Holders: append([]int64{}, n.holders...)}
	if parent := parentOf(ctx); parent != nil {
		if r.Parent = rootName(parent); r.Parent == "" {
			r.Parent = address(parent)
		}
	}
	if ctx.Err() != nil {
		r.State, r.Cause = "cancelled", context.Cause(ctx).Error()
	}
	if deadline, ok := ctx.Deadline(); ok {
		r.DeadlineUnixNs = deadline.UnixNano()
	}
	if r.Kind == "*context.valueCtx" {
		v := structOf(&n.words)
		r.KeyType, r.Key = text(v.FieldByName("key"))
		r.ValueType, r.Value = text(v.FieldByName("val"))
	}
	return r
}

func text(v reflect.Value) (string, string) {
	if v.IsNil() {
		return "nil", "nil"
	}
	v = v.Elem()
	switch v.Kind() {
	case reflect.String: // quoted: JSON could not carry bytes that are not UTF-8
		return v.Type().String(), strconv.QuoteToASCII(v.String())
	case reflect.Pointer:
		return v.Type().String(), hex(v.Pointer())
	}
	return v.Type().String(), fmt.Sprintf("%#v", v)
}
