//go:build go1.24

package main

import (
	"context"
	"runtime"
	"weak"
)

var (
	registry []weak.Pointer[owner]
	watched  []*owner
)

func init() {
	places = append(places, place{"weak pointer to what a lost context keeps", func(cancel context.CancelFunc) func() {
		one := &owner{name: "w", cancel: cancel}
		number := len(registry)
		registry = append(registry, weak.Make(one))
		_, dropped := context.WithCancel(context.WithValue(parents[0].make(), key{}, one))
		_ = dropped
		return func() { registry[number].Value().end() }
	}}, place{"cleanup", func(cancel context.CancelFunc) func() {
		one := &owner{name: "c"}
		watched = append(watched, one)
		runtime.AddCleanup(one, func(end context.CancelFunc) { end() }, cancel)
		return cancel
	}})
	late = append(late, place{"weak pointer to what nothing else has", func(cancel context.CancelFunc) func() {
		return register(&owner{name: "l", cancel: cancel})
	}}, place{"AfterFunc of what a weak pointer ends", func(cancel context.CancelFunc) func() {
		other, end := context.WithCancel(context.Background())
		context.AfterFunc(other, cancel)
		return register(&owner{name: "a", cancel: end})
	}})
}

// register keeps an owner weakly.
func register(one *owner) func() {
	number := len(registry)
	registry = append(registry, weak.Make(one))
	return func() {
		if one := registry[number].Value(); one != nil {
			one.end()
		}
	}
}
