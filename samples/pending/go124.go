//go:build go1.24

package main

import (
	"runtime"
	"weak"
)

var weaks []weak.Pointer[thing]

func cleaned(number int) { things = things[:number] }

func init() {
	more = append(more, func() {
		for i := 0; i < 2; i++ {
			one := newThing()
			runtime.AddCleanup(one, cleaned, 0)
			told.Specials = append(told.Specials, special{"cleanup", address(one), "main.cleaned", "main.thing"})
		}
		one := newThing()
		weaks = append(weaks, weak.Make(one))
		told.Specials = append(told.Specials, special{"weak pointer", address(one), "", "main.thing"})
	})
}
