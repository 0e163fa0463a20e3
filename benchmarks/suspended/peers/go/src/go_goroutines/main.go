// SPDX-License-Identifier: MIT

// Many goroutines that wait on a channel: each in a handler called by http.ServeMux with a parsed request, or on its
// own.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
)

// A minimal http.ResponseWriter.
type recorder struct {
	header http.Header
	status int
	body   []byte
}

func (r *recorder) Header() http.Header {
	if r.header == nil {
		r.header = http.Header{}
	}
	return r.header
}

func (r *recorder) WriteHeader(status int) { r.status = status }

func (r *recorder) Write(b []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	r.body = append(r.body, b...)
	return len(b), nil
}

func feedText(user, news int) string {
	return "{\"user\":" + strconv.Itoa(user) + ",\"news\":" + strconv.Itoa(news) + "}"
}

//go:noinline
func waitForFeed(news chan int, user int) string { return feedText(user, <-news) }

//go:noinline
func readFeed(news chan int, user int) string { return waitForFeed(news, user) + "" }

func userOf(r *http.Request) int {
	id := strings.TrimSuffix(strings.TrimPrefix(r.URL.Path, "/users/"), "/feed")
	user, err := strconv.Atoi(id)
	if err != nil {
		panic(err)
	}
	return user
}

func routes(news chan int, nested bool) *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("/users/", func(w http.ResponseWriter, r *http.Request) {
		user := userOf(r)
		if nested {
			io.WriteString(w, readFeed(news, user))
		} else {
			io.WriteString(w, feedText(user, <-news))
		}
	})
	return mux
}

// Readers of requests: shared, because they don't count.
type source struct {
	text   *strings.Reader
	reader *bufio.Reader
}

func newSource() *source {
	text := strings.NewReader("")
	return &source{text, bufio.NewReader(text)}
}

func (s *source) request(user int) *http.Request {
	s.text.Reset("GET /users/" + strconv.Itoa(user) +
		"/feed?limit=20 HTTP/1.1\r\nHost: api.example.com\r\nUser-Agent: suspended/1.0\r\n" +
		"Accept: application/json\r\nAuthorization: Bearer 0123456789abcdef0123456789abcdef\r\n\r\n")
	s.reader.Reset(s.text)
	r, err := http.ReadRequest(s.reader)
	if err != nil {
		panic(err)
	}
	return r
}

// Resident memory, and the runtime's heap and stack figures, after garbage collection.
func used() (resident, heap float64) {
	debug.FreeOSMemory()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	rollup, err := os.ReadFile("/proc/self/smaps_rollup")
	if err != nil {
		panic(err)
	}
	for _, line := range strings.Split(string(rollup), "\n") {
		if fields := strings.Fields(line); len(fields) > 1 && fields[0] == "Rss:" {
			resident, err = strconv.ParseFloat(fields[1], 64)
			if err != nil {
				panic(err)
			}
		}
	}
	return resident * 1024, float64(stats.HeapAlloc + stats.StackInuse)
}

// begin starts count of them; each sends the number it received to ended.
func begin(name string, count int, news, ended chan int) {
	mux := routes(news, name == "nested")
	from := newSource()
	for i := 0; i < count; i++ {
		if name == "task" {
			go func() { ended <- <-news }()
			continue
		}
		user := 1000000 + i
		go func(r *http.Request, user int) {
			w := &recorder{}
			mux.ServeHTTP(w, r)
			text := string(w.body)
			told, err := strconv.Atoi(strings.TrimSuffix(text[strings.LastIndexByte(text, ':')+1:], "}"))
			if err != nil || w.status != http.StatusOK || text != feedText(user, told) {
				panic("an answer is wrong")
			}
			ended <- told
		}(from.request(user), user)
	}
}

func round(name string, count int) (resident, heap float64) {
	news := make(chan int)
	ended := make(chan int, count)
	residentBefore, heapBefore := used()
	begin(name, count, news, ended)
	for i := 0; i < 100; i++ { // until all of them wait
		runtime.Gosched()
	}
	resident, heap = used()
	for i := 0; i < count; i++ {
		news <- i
	}
	told := make([]bool, count)
	for i := 0; i < count; i++ {
		n := <-ended
		if told[n] {
			panic("an answer came twice")
		}
		told[n] = true
	}
	return resident - residentBefore, heap - heapBefore
}

func main() {
	name := flag.String("case", "handler", "handler, nested or task")
	count := flag.Int("count", 1, "that wait at once")
	flag.Parse()
	if *name != "handler" && *name != "nested" && *name != "task" {
		panic("no such case: " + *name)
	}
	runtime.GOMAXPROCS(1)
	round(*name, 1) // allocations that a process makes once
	resident, heap := round(*name, *count)
	each := float64(*count)
	fmt.Printf("bytes %.1f\nheap_bytes %.1f\n", resident/each, heap/each)
}
