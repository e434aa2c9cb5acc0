// Plugin pluggedpart has a list, a map and a closure of its own.
package main

import (
	"fmt"
	"strconv"
)

type node struct {
	next *node
	name string
	rest [4]int
}

type entry struct{ of *node }

type caught struct{ of *node }

var (
	list  *node
	table = map[string]*entry{}
	ends  struct{ first, last *node }
	hook  func() int
)

// Fill says how many nodes there are, how many entries, and where some of them are that only one thing holds.
func Fill() (int, int, map[string]string) {
	for i := 0; i < 1000; i++ {
		list = &node{next: list}
	}
	for i := 0; i < 100; i++ {
		table[strconv.Itoa(i)] = &entry{list}
	}
	ends.last = &node{}
	captured := &caught{list}
	hook = func() int { return len(captured.of.name) + len(table) }
	at := map[string]string{"ends.last": fmt.Sprintf("%p", ends.last), "captured": fmt.Sprintf("%p", captured)}
	return 1001, len(table), at
}

func main() {}
