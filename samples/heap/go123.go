//go:build go1.23

package main

import (
	"iter"
	"runtime"
	"unique"
)

var handles []unique.Handle[pair[string, int]]

func init() {
	more = append(more, func() {
		for i := 0; i < 10; i++ {
			handles = append(handles, unique.Make(pair[string, int]{"unique", i}))
		}
		elements("unique handles", byGlobal, handles)
		pulled := object("held by a coroutine", byStack, &node{})
		next, stop := iter.Pull(func(yield func(int) bool) {
			yield(pulled.n)
			runtime.KeepAlive(pulled)
		})
		next()
		held = append(held, next, stop)
	})
}
