// Command sparse fills maps and takes most of the entries out again, says what is left, and parks; a byte on its standard
// input later it has put what is left into new maps. The heap's size before and after is the truth of what the old ones
// kept.
package main

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"unsafe"

	"gdbext.example/samples/internal/report"
)

type key struct{ one, two int64 }

type sparse struct {
	Type    string `json:"type"`
	Header  string `json:"header"`
	Entries int    `json:"entries"`
}

type truth struct {
	report.Common
	Sparse []sparse `json:"sparse"`
	Full   int      `json:"full"` // entries of a map that has all that it was given
}

const left = 10

var (
	filled  = flag.Int("entries", 200_000, "of each map, before most are taken out")
	global  = map[uint64]uint64{}
	within  struct{ seen map[key]*[3]int64 }
	several []map[string]int
	full    = map[int]int{}
)

func plant() {
	within.seen = map[key]*[3]int64{}
	several = []map[string]int{{}, {}}
	for i := 0; i < *filled; i++ {
		global[uint64(i)] = 1
		within.seen[key{int64(i), 1}] = nil
		full[i] = i
		for _, one := range several {
			one[fmt.Sprint(i)] = i
		}
	}
	for i := left; i < *filled; i++ {
		delete(global, uint64(i))
		delete(within.seen, key{int64(i), 1})
		for _, one := range several {
			delete(one, fmt.Sprint(i))
		}
	}
}

func renew() {
	global, within.seen = anew(global), anew(within.seen)
	for i, one := range several {
		several[i] = anew(one)
	}
}

// anew: maps.Clone would keep the room.
func anew[K comparable, V any](old map[K]V) map[K]V {
	made := make(map[K]V, len(old))
	for k, v := range old {
		made[k] = v
	}
	return made
}

func header[K comparable, V any](of map[K]V) string {
	return fmt.Sprintf("%#x", *(*uintptr)(unsafe.Pointer(&of)))
}

func tell() {
	told := truth{Full: len(full)}
	told.Main = report.Goid()
	told.Sparse = append(told.Sparse, sparse{"map[uint64]uint64", header(global), len(global)})
	told.Sparse = append(told.Sparse, sparse{"map[main.key]*[3]int64", header(within.seen), len(within.seen)})
	for _, one := range several {
		told.Sparse = append(told.Sparse, sparse{"map[string]int", header(one), len(one)})
	}
	runtime.GC()
	runtime.GC()
	told.Observe()
	report.Print(told)
}

func main() {
	flag.Parse()
	plant()
	tell()
	if _, err := os.Stdin.Read(make([]byte, 1)); err != nil {
		return
	}
	renew()
	tell()
	report.ExitAtEnd()
}
