package main

import (
	"context"
	"reflect"
	"regexp"
	"sync"
	"sync/atomic"
	"time"
)

type locked struct {
	sync.Mutex
	values sync.Map
	atom   atomic.Pointer[node]
	value  atomic.Value
	once   sync.Once
	wait   sync.WaitGroup
	cond   *sync.Cond
}

var library struct {
	locked  *locked
	pool    *sync.Pool
	timers  []*time.Timer
	ticker  *time.Ticker
	context context.Context
	expr    *regexp.Regexp
	made    []reflect.Value
	adder   func(int, int) int
}

func plantLibrary() {
	l := object("locked", byGlobal, new(locked))
	for i := 0; i < 40; i++ {
		l.values.Store(i, object("in a sync.Map", byObject, &node{n: i}))
	}
	l.atom.Store(object("atomic", byObject, &node{name: "atomic"}))
	l.value.Store(object("atomic value", byObject, &node{name: "value"}))
	l.cond = object("cond", byObject, sync.NewCond(&l.Mutex))
	library.locked = l
	library.pool = object("pool", byGlobal, new(sync.Pool))
	ctx, cancel := context.WithCancel(context.Background())
	held = append(held, cancel)
	library.context = context.WithValue(ctx, number(1), object("value of a context", byObject, &node{}))
	library.expr = object("expression", byGlobal, regexp.MustCompile(`(a+|b*)c{2,5}[d-f]`))
}

func init() {
	late = append(late, func() { library.pool.Put(object("in a pool", byPool, &node{name: "pool"})) })
}

func plantTimers() {
	library.timers = append(library.timers, larger("timer", byGlobal, time.NewTimer(time.Hour)))
	called := object("captured by a timer's function", byTimer, &node{name: "called"})
	larger("timer that nobody has", byTimer, time.AfterFunc(time.Hour, func() { called.n++ }))
	lost := larger("ticker that nobody has", byTimer, time.NewTicker(time.Hour)).C
	go func() { <-lost }()
	stopped := larger("stopped timer", byGlobal, time.AfterFunc(time.Hour, func() {}))
	stopped.Stop()
	library.timers = append(library.timers, stopped)
	library.ticker = larger("ticker", byGlobal, time.NewTicker(time.Hour))
}

func plantReflected() {
	in := func(args []reflect.Value) []reflect.Value {
		return []reflect.Value{reflect.ValueOf(int(args[0].Int() + args[1].Int()))}
	}
	library.adder = reflect.MakeFunc(reflect.TypeOf(library.adder), in).Interface().(func(int, int) int)
	word("made function", byGlobal, library.adder, 1)
	made := reflect.StructOf([]reflect.StructField{
		{Name: "P", Type: reflect.TypeOf((*node)(nil))}, {Name: "N", Type: reflect.TypeOf(0)},
	})
	value := reflect.New(made)
	note(described("of a made type", byObject, made, value.UnsafePointer(), 1))
	library.made = append(library.made, value)
	library.made = append(library.made, reflect.MakeMap(reflect.MapOf(reflect.TypeOf(""), reflect.TypeOf(int8(0)))))
}
