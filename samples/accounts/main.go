// Command accounts has memory of every kind and says what the runtime counts of it: runtime.MemStats,
// debug.ReadGCStats, every number of runtime/metrics. From these figures on nothing of Go runs in it: it has one P, and
// the goroutine that has that waits in a system call of which the scheduler does not know. So they stay true.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"strconv"
	"syscall"
	"time"
	"unsafe"

	"gdbext.example/samples/internal/report"
)

type region struct {
	Name    string `json:"name"`
	Address string `json:"address"`
	Bytes   int    `json:"bytes"`
	Touched int    `json:"touched"`
}

type truth struct {
	report.Common
	MemStats *runtime.MemStats `json:"memstats,omitempty"` // written last, by hand
	Regions  []region          `json:"regions"`
	Settings map[string]int64  `json:"settings"`
}

var (
	percent = flag.Int("gogc", 150, "debug.SetGCPercent")
	limit   = flag.Int64("limit", 0, "debug.SetMemoryLimit; 0: none")
	mapped  = flag.Int("mapped", 8<<20, "bytes to map outside of the heap; half of them are touched")
	profile = flag.String("profile", "", "file for runtime/pprof's heap profile")
	rate    = flag.Int("rate", 4096, "runtime.MemProfileRate from when all is there on")
	deep    = flag.Int("deep", 50, "goroutines with a stack of more than 64 KiB")

	told   truth
	live   [][]byte
	small  []*[6]uintptr
	pieces []any
	sink   []byte
)

func main() {
	flag.Parse()
	runtime.MemProfileRate = 4096
	told.Main = report.Goid()
	debug.SetGCPercent(*percent)
	if *limit != 0 {
		debug.SetMemoryLimit(*limit)
	}
	mapOutside()
	runtime.GOMAXPROCS(1) // a P that never allocated samples by the rate it began with, until its first 512 KiB or so
	plantHeap()
	plantStacks()
	plantProfile()
	runtime.MemProfileRate = *rate
	w := newWords()
	runtime.GC()
	if *profile != "" {
		runtime.GC() // what came up to the first one is in the profile, also where another collection began meanwhile
		writeProfile(*profile)
	}
	w.prepare()
	w.say()
}

// mapOutside maps memory of which Go's runtime knows nothing.
func mapOutside() {
	text, err := syscall.Mmap(-1, 0, *mapped, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		panic(err)
	}
	for at := 0; at < *mapped/2; at += os.Getpagesize() {
		text[at] = 1
	}
	address := fmt.Sprintf("%#x", uintptr(unsafe.Pointer(&text[0])))
	told.Regions = append(told.Regions, region{"mapped outside", address, *mapped, *mapped / 2})
}

// plantHeap leaves large objects, small ones with holes between them, idle spans, and memory that was given back.
func plantHeap() {
	for i := 0; i < 40; i++ {
		live = append(live, make([]byte, 300_000+i))
	}
	for i := 0; i < 60_000; i++ {
		small = append(small, new([6]uintptr))
		if i%16 == 0 {
			pieces = append(pieces, make([]uint16, i%50+1), map[int]string{i: "x"})
		}
	}
	for i := range small {
		if i%3 != 0 {
			small[i] = nil
		}
	}
	for i := 0; i < 30; i++ {
		sink = make([]byte, 1<<20)
		for at := 0; at < len(sink); at += 4096 {
			sink[at] = 1
		}
	}
	sink = nil
	debug.FreeOSMemory()
	for i := 0; i < 10; i++ {
		sink = make([]byte, 1<<20)
		for at := 0; at < len(sink); at += 4096 {
			sink[at] = 1
		}
	}
	sink = nil
}

//go:noinline
func descend(depth int, there chan<- struct{}, end <-chan struct{}) int {
	var room [1024]byte
	if depth == 0 {
		there <- struct{}{}
		<-end
		return int(room[7])
	}
	return descend(depth-1, there, end) + int(room[depth%1024])
}

func plantStacks() {
	there, end := make(chan struct{}), make(chan struct{})
	for i := 0; i < *deep; i++ {
		go descend(64, there, end)
		<-there
	}
	pieces = append(pieces, end)
}

// words says the truth without allocating.
type words struct {
	line    []byte // with room
	stats   runtime.MemStats
	gc      debug.GCStats
	samples []metrics.Sample
	input   [1]byte
}

func newWords() *words {
	w := &words{}
	for _, each := range metrics.All() {
		if each.Kind != metrics.KindFloat64Histogram {
			w.samples = append(w.samples, metrics.Sample{Name: each.Name})
		}
	}
	w.gc.Pause, w.gc.PauseEnd = make([]time.Duration, 0, 1024), make([]time.Time, 0, 1024)
	w.gc.PauseQuantiles = nil
	w.read() // what is made at the first call only
	told.Settings = map[string]int64{
		"GOMAXPROCS": 1, "GOGC": int64(debug.SetGCPercent(*percent)), "GOMEMLIMIT": debug.SetMemoryLimit(-1),
	}
	told.Pid, told.Go, told.Reporter = os.Getpid(), runtime.Version(), report.Goid()
	line, err := json.Marshal(&told)
	if err != nil {
		panic(err)
	}
	w.line = append(make([]byte, 0, len(line)+1<<18), line[:len(line)-1]...)
	return w
}

// read twice: the first time tells every P to give back what it has cached.
func (w *words) read() {
	runtime.ReadMemStats(&w.stats)
	metrics.Read(w.samples)
	debug.ReadGCStats(&w.gc)
	runtime.ReadMemStats(&w.stats)
}

// prepare uses what say uses: a system call, conversions.
func (w *words) prepare() {
	length := len(w.line)
	w.text()
	w.line = w.line[:length]
	runtime.Gosched() // a fresh slice of time
}

func (w *words) say() {
	w.read()
	w.text()
	w.write(w.line)
	for {
		if n, _, e := syscall.RawSyscall(syscall.SYS_READ, 0, uintptr(unsafe.Pointer(&w.input)), 1); n == 0 && e == 0 {
			os.Exit(0)
		}
	}
}

func (w *words) text() {
	w.line = append(w.line, `,"metrics":{`...)
	for i := range w.samples {
		w.key(w.samples[i].Name)
		switch value := w.samples[i].Value; value.Kind() {
		case metrics.KindUint64:
			w.line = append(strconv.AppendUint(w.line, value.Uint64(), 10), ',')
		case metrics.KindFloat64:
			w.line = append(strconv.AppendFloat(w.line, value.Float64(), 'g', -1, 64), ',')
		default:
			w.line = append(w.line, "null,"...)
		}
	}
	w.close("}")
	w.line = append(w.line, `,"gcstats":{"NumGC":`...)
	w.line = strconv.AppendInt(w.line, w.gc.NumGC, 10)
	w.number("LastGC", w.gc.LastGC.UnixNano())
	w.number("PauseTotal", int64(w.gc.PauseTotal))
	w.line = append(w.line, `,"Pause":[`...)
	for _, pause := range w.gc.Pause {
		w.line = append(strconv.AppendInt(w.line, int64(pause), 10), ',')
	}
	w.close("]")
	w.line = append(w.line, `,"PauseEnd":[`...)
	for _, end := range w.gc.PauseEnd {
		w.line = append(strconv.AppendInt(w.line, end.UnixNano(), 10), ',')
	}
	w.close("]}")
	w.memstats()
	w.line = append(w.line, "}\nREADY\n"...)
}

func (w *words) key(name string) {
	w.line = append(append(append(w.line, '"'), name...), `":`...)
}

func (w *words) number(name string, value int64) {
	w.line = append(append(append(w.line, `,"`...), name...), `":`...)
	w.line = strconv.AppendInt(w.line, value, 10)
}

// close ends a list, whose last comma goes.
func (w *words) close(end string) {
	if w.line[len(w.line)-1] == ',' {
		w.line = w.line[:len(w.line)-1]
	}
	w.line = append(w.line, end...)
}

func (w *words) list(name string, values []uint64) {
	w.key(name)
	w.line = append(w.line, '[')
	for _, value := range values {
		w.line = append(strconv.AppendUint(w.line, value, 10), ',')
	}
	w.close("],")
}

func (w *words) memstats() {
	s := &w.stats
	w.line = append(w.line, `,"memstats":{`...)
	for _, each := range [...]struct {
		name  string
		value uint64
	}{
		{"Alloc", s.Alloc}, {"TotalAlloc", s.TotalAlloc}, {"Sys", s.Sys}, {"Lookups", s.Lookups},
		{"Mallocs", s.Mallocs}, {"Frees", s.Frees}, {"HeapAlloc", s.HeapAlloc}, {"HeapSys", s.HeapSys},
		{"HeapIdle", s.HeapIdle}, {"HeapInuse", s.HeapInuse}, {"HeapReleased", s.HeapReleased},
		{"HeapObjects", s.HeapObjects}, {"StackInuse", s.StackInuse}, {"StackSys", s.StackSys},
		{"MSpanInuse", s.MSpanInuse}, {"MSpanSys", s.MSpanSys}, {"MCacheInuse", s.MCacheInuse},
		{"MCacheSys", s.MCacheSys}, {"BuckHashSys", s.BuckHashSys}, {"GCSys", s.GCSys}, {"OtherSys", s.OtherSys},
		{"NextGC", s.NextGC}, {"LastGC", s.LastGC}, {"PauseTotalNs", s.PauseTotalNs},
		{"NumGC", uint64(s.NumGC)}, {"NumForcedGC", uint64(s.NumForcedGC)},
	} {
		w.key(each.name)
		w.line = append(strconv.AppendUint(w.line, each.value, 10), ',')
	}
	w.list("PauseNs", s.PauseNs[:])
	w.list("PauseEnd", s.PauseEnd[:])
	w.key("GCCPUFraction")
	w.line = append(strconv.AppendFloat(w.line, s.GCCPUFraction, 'g', -1, 64), ',')
	w.key("EnableGC")
	w.line = append(strconv.AppendBool(w.line, s.EnableGC), ',')
	w.key("DebugGC")
	w.line = append(strconv.AppendBool(w.line, s.DebugGC), ',')
	w.key("BySize")
	w.line = append(w.line, '[')
	for i := range s.BySize {
		w.line = append(w.line, '{')
		w.key("Size")
		w.line = append(strconv.AppendUint(w.line, uint64(s.BySize[i].Size), 10), ',')
		w.key("Mallocs")
		w.line = append(strconv.AppendUint(w.line, s.BySize[i].Mallocs, 10), ',')
		w.key("Frees")
		w.line = append(strconv.AppendUint(w.line, s.BySize[i].Frees, 10), "},"...)
	}
	w.close("]}")
}

func (w *words) write(text []byte) {
	for len(text) > 0 {
		n, _, e := syscall.RawSyscall(syscall.SYS_WRITE, 1, uintptr(unsafe.Pointer(&text[0])), uintptr(len(text)))
		if e != 0 && e != syscall.EINTR {
			os.Exit(4)
		}
		if e == 0 {
			text = text[n:]
		}
	}
}
