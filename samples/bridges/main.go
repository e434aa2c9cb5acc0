// Command bridges drops the cancel functions of contexts that goroutines can cancel all the same, once the context that
// they wait for has ended; and makes children of contexts of its own types that are no objects. Told to go on, it ends
// first a server's context, then those of its own types, and says each time which contexts have ended.
package main

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"os"
	"reflect"
	"runtime"
	"time"

	"gdbext.example/samples/internal/report"
)

type record struct {
	Name    string `json:"name"`
	Address string `json:"address"`
	ctx     context.Context
}

type truth struct {
	report.Common
	Contexts []*record `json:"contexts"`
	Many     int       `json:"many"`
}

type ended struct {
	Ended []string `json:"ended"`
}

var (
	many   = flag.Int("many", 20, "contexts of each sort")
	told   truth
	stop   = make(chan struct{})
	static zero
)

// own is a context that ends when stop is closed; the types below are one each, and none of them has memory of its own.
type own struct{}

func (own) Deadline() (time.Time, bool) { return time.Time{}, false }
func (own) Value(any) any               { return nil }
func (own) Done() <-chan struct{}       { return stop }
func (own) Err() error {
	select {
	case <-stop:
		return context.Canceled
	default:
		return nil
	}
}

type zero struct{ own }

type number int

func (number) Deadline() (time.Time, bool) { return time.Time{}, false }
func (number) Value(any) any               { return nil }
func (number) Done() <-chan struct{}       { return stop }
func (number) Err() error                  { return own{}.Err() }

type name string

func (name) Deadline() (time.Time, bool) { return time.Time{}, false }
func (name) Value(any) any               { return nil }
func (name) Done() <-chan struct{}       { return stop }
func (name) Err() error                  { return own{}.Err() }

// note keeps a context, and with it nothing that can cancel it.
func note(name string, ctx context.Context) {
	told.Contexts = append(told.Contexts, &record{name, fmt.Sprintf("%#x", reflect.ValueOf(ctx).Pointer()), ctx})
}

// after cancels once a context has ended.
func after(ctx context.Context, cancel context.CancelFunc) {
	go func() {
		<-ctx.Done()
		cancel()
	}()
}

func dropped(parent context.Context) context.Context {
	ctx, cancel := context.WithCancel(parent)
	runtime.KeepAlive(cancel)
	return ctx
}

func plant(server, other context.Context) {
	request := dropped(server)
	note("request", request)

	job, cancel := context.WithCancel(context.Background())
	after(request, cancel)
	note("job", job)
	note("below a job", dropped(job))

	second, cancelSecond := context.WithCancel(context.Background())
	after(job, cancelSecond)
	note("after a job", second)

	relayed, cancelRelayed := context.WithCancel(context.Background())
	channel := make(chan int)
	go func() { <-request.Done(); channel <- 1 }()
	go func() { <-channel; cancelRelayed() }()
	note("relayed", relayed)

	called, cancelCalled := context.WithCancel(context.Background())
	context.AfterFunc(request, cancelCalled)
	note("called", called)

	itself, cancelItself := context.WithCancel(server)
	context.AfterFunc(itself, cancelItself)
	note("by itself", itself)
	one, cancelOne := context.WithCancel(server)
	two, cancelTwo := context.WithCancel(server)
	context.AfterFunc(one, cancelTwo)
	context.AfterFunc(two, cancelOne)
	note("by each other", one)
	note("by each other", two)

	both, cancelBoth := context.WithCancel(other)
	after(request, cancelBoth)
	note("with several", both)

	note("with other", dropped(other))
	note("never", dropped(context.Background()))
}

func plantOwn(parent context.Context) {
	note("own", dropped(parent))
	note("own, a value between", dropped(context.WithValue(parent, &told, 1)))
}

func main() {
	flag.Parse()
	told.Many = *many
	server, shutdown := context.WithCancel(context.Background())
	other, stopOther := context.WithCancel(context.Background())
	note("server", server)
	note("other", other)
	for i := 0; i < *many; i++ {
		plant(server, other)
	}
	for _, parent := range []context.Context{zero{}, &static, number(0), number(5), number(1 << 40), name("a")} {
		plantOwn(parent)
	}
	report.Settle("all wait", func() bool { return runtime.NumGoroutine() > 5**many })
	runtime.GC()
	runtime.GC()
	told.Observe()
	report.Print(&told)
	stdin := bufio.NewReader(os.Stdin)
	for _, end := range []func(){shutdown, func() { close(stop) }} {
		if _, err := stdin.ReadByte(); err != nil {
			return
		}
		end()
		time.Sleep(100 * time.Millisecond)
		tell()
	}
	stdin.ReadByte()
	stopOther()
}

func tell() {
	var found ended
	for _, one := range told.Contexts {
		if one.ctx.Err() != nil {
			found.Ended = append(found.Ended, one.Address)
		}
	}
	report.Print(&found)
}
