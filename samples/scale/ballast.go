package main

// Objects as a program has them: trees of small structs with pointers, in the size classes of contexts too, strings, buffers.
type (
	node48 struct {
		left, right *node48
		name        string
		weight      [2]int
	}
	node80 struct {
		next  *node80
		any   any
		words [4]int
		text  string
		_     int
	}
	node112 struct {
		next   *node112
		fields [3]any
		words  [7]int
	}
	ground struct {
		small  *node48
		middle *node80
		large  *node112
		bytes  [][]byte
	}
)

var heap *ground

// grow makes about size bytes of live objects, some 90 bytes each.
func grow(size int) *ground {
	g := &ground{}
	for made := 0; made < size; {
		for i := 0; i < 16; i++ {
			g.small = &node48{left: g.small, name: "n", weight: [2]int{made, i}}
			g.small.right = g.small.left
		}
		g.middle = &node80{next: g.middle, any: g.small, text: "text"}
		g.large = &node112{next: g.large, fields: [3]any{g.small, g.middle, made}}
		g.bytes = append(g.bytes, make([]byte, 512))
		made += 16*48 + 80 + 112 + 512 + 24
	}
	return g
}
