//go:build go1.24

package main

import (
	"runtime"
	"weak"
)

var weaks []weak.Pointer[node]

func init() {
	more = append(more, func() {
		alive := kept("weakly held too", &node{})
		weaks = append(weaks, weak.Make(alive))
		cleaned := kept("with a cleanup", &node{})
		runtime.AddCleanup(cleaned, func(n *node) { n.n++ }, object("argument of a cleanup", bySpecial, &node{}))
	})
	late = append(late, func() { weaks = elements("weak pointers", byGlobal, append(weaks, weakOnly())) })
}

//go:noinline
func weakOnly() weak.Pointer[node] {
	return weak.Make(object("weakly held only", byNothing, &node{}))
}
