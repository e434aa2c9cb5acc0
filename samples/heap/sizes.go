package main

import "fmt"

// One pointer, at the front or at the back of a body.
type front[A any] struct {
	p    *int
	body A
}

type back[A any] struct {
	body A
	p    *int
}

var seven = new(int)

func sized[A any]() {
	kept("pointer before", &front[A]{p: seven})
	kept("pointer behind", &back[A]{p: seven})
	kept("no pointer", new(A))
}

// plantSizes: every size up to what has no malloc header, with and without pointers.
func plantSizes() {
	object("seven", byGlobal, seven)
	kept("only a pointer", &struct{ p *int }{seven})
	sized[[1]uintptr]()
	sized[[2]uintptr]()
	sized[[3]uintptr]()
	sized[[4]uintptr]()
	sized[[5]uintptr]()
	sized[[6]uintptr]()
	sized[[7]uintptr]()
	sized[[8]uintptr]()
	sized[[9]uintptr]()
	sized[[10]uintptr]()
	sized[[11]uintptr]()
	sized[[12]uintptr]()
	sized[[13]uintptr]()
	sized[[14]uintptr]()
	sized[[15]uintptr]()
	sized[[16]uintptr]()
	sized[[17]uintptr]()
	sized[[18]uintptr]()
	sized[[19]uintptr]()
	sized[[20]uintptr]()
	sized[[21]uintptr]()
	sized[[22]uintptr]()
	sized[[23]uintptr]()
	sized[[24]uintptr]()
	sized[[25]uintptr]()
	sized[[26]uintptr]()
	sized[[27]uintptr]()
	sized[[28]uintptr]()
	sized[[29]uintptr]()
	sized[[30]uintptr]()
	sized[[31]uintptr]()
	sized[[32]uintptr]()
	sized[[33]uintptr]()
	sized[[34]uintptr]()
	sized[[35]uintptr]()
	sized[[36]uintptr]()
	sized[[37]uintptr]()
	sized[[38]uintptr]()
	sized[[39]uintptr]()
	sized[[40]uintptr]()
	sized[[41]uintptr]()
	sized[[42]uintptr]()
	sized[[43]uintptr]()
	sized[[44]uintptr]()
	sized[[45]uintptr]()
	sized[[46]uintptr]()
	sized[[47]uintptr]()
	sized[[48]uintptr]()
	sized[[49]uintptr]()
	sized[[50]uintptr]()
	sized[[51]uintptr]()
	sized[[52]uintptr]()
	sized[[53]uintptr]()
	sized[[54]uintptr]()
	sized[[55]uintptr]()
	sized[[56]uintptr]()
	sized[[57]uintptr]()
	sized[[58]uintptr]()
	sized[[59]uintptr]()
	sized[[60]uintptr]()
	sized[[61]uintptr]()
	sized[[62]uintptr]()
	sized[[63]uintptr]()
	kept("no pointer", new([64]uintptr))
}

// inlined: the profile has a frame of it all the same.
func inlined() *[4096]byte { return new([4096]byte) }

// plantInlined: so many that the profile samples some.
func plantInlined() {
	for i := 0; i < 20; i++ {
		kept("made by an inlined call", inlined())
	}
}

type three struct {
	p    *int
	a, b uintptr
}

var classes = []int{576, 640, 704, 768, 896, 1024, 1152, 1280, 1408, 1536, 1792, 2048, 2304, 2688, 3072, 3200, 3456, 4096,
	4864, 5376, 6144, 6528, 6784, 6912, 8192, 9472, 9728, 10240, 10880, 12288, 13568, 14336, 16384, 18432, 19072, 20480,
	21760, 24576, 27264, 28672, 32768}

// plantArrays: every class with malloc headers (runtime/sizeclasses.go), filled with small elements or by one value.
func plantArrays() {
	for _, class := range classes {
		keptElements(fmt.Sprint("array of structs in class ", class), make([]three, (class-8)/24))
		keptElements(fmt.Sprint("array of numbers in class ", class), make([]uintptr, class/8))
		keptElements(fmt.Sprint("array of interfaces in class ", class), make([]any, (class-8)/16))
	}
	kept("one value, 600 bytes", new([75]*int))
	kept("one value, 2000 bytes", &struct {
		p *int
		n [200]uintptr
		s string
		m [46]uintptr
	}{p: seven})
	kept("the last one with a header", new([4095]*int))
	kept("the first one without", new([4096]*int))
}

func keptElements[T any](name string, s []T) {
	held = append(held, s)
	elements(name, byInterface, s)
}

type (
	huge  [17000]*int // more than 128 KiB of pointers: a GC program, from Go 1.24 on a mask made on demand
	mixed struct {
		head [3]uintptr
		body huge
		name string
		tail [5]uintptr
	}
	nested [100]struct {
		pointers [170]*int
		numbers  [10]int
	}
)

// plantLarge: spans of their own.
func plantLarge() {
	keptElements("large array of structs", make([]three, 2000))
	keptElements("large array of strings", make([]string, 5000))
	keptElements("large array of numbers", make([]byte, 40_000))
	kept("huge", &huge{1: seven, 16999: seven})
	kept("huge and mixed", &mixed{name: "mixed"})
	kept("huge and nested", new(nested))
	keptElements("array of huge ones", make([]huge, 2))
	keptElements("array of mixed ones", make([]mixed, 3))
}
