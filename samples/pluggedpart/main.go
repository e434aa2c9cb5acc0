// Plugin pluggedpart has a list and a map of its own.
package main

import "strconv"

type node struct {
	next *node
	name string
	rest [4]int
}

type entry struct{ of *node }

var (
	list  *node
	table = map[string]*entry{}
)

// Fill says how many nodes the list has, and how many entries the map.
func Fill() (int, int) {
	for i := 0; i < 1000; i++ {
		list = &node{next: list}
	}
	for i := 0; i < 100; i++ {
		table[strconv.Itoa(i)] = &entry{list}
	}
	return 1000, len(table)
}

func main() {}
