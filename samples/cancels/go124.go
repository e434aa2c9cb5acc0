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
}
