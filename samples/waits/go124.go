//go:build go1.24

package main

import (
	"runtime"
	"weak"
)

type box struct {
	channel chan int
	more    [4]*int
}

// boxes: whoever asks one of these gets a channel that nothing else leads to.
var boxes []weak.Pointer[box]

func init() {
	more = append(more, func() {
		one := &box{channel: make(chan int)}
		boxes = append(boxes, weak.Make(one))
		plant("receive, a weak pointer leads there", Weak, "channel", func() { <-one.channel; runtime.KeepAlive(one) }).on(one.channel)
	})
}
