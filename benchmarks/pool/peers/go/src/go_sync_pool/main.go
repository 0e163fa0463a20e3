// SPDX-License-Identifier: MIT

// sync.Pool as in its documentation: a bytes.Buffer that is taken, written to, reset and put back.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
)

func cpu() float64 {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		panic(err)
	}
	return float64(used.Utime.Nano() + used.Stime.Nano())
}

func main() {
	threads := flag.Int("threads", 1, "of the system, and goroutines")
	pairs := flag.Int("pairs", 1, "of Get and Put")
	flag.String("server", "", "not looked at")
	flag.Parse()
	runtime.GOMAXPROCS(*threads)
	var made int64
	pool := sync.Pool{New: func() any {
		atomic.AddInt64(&made, 1)
		return new(bytes.Buffer)
	}}
	text := []byte("hello")
	before := cpu()
	var all sync.WaitGroup
	for t := 0; t < *threads; t++ {
		all.Add(1)
		go func() {
			defer all.Done()
			for i := 0; i < *pairs / *threads; i++ {
				b := pool.Get().(*bytes.Buffer)
				b.Write(text)
				b.Reset()
				pool.Put(b)
			}
		}()
	}
	all.Wait()
	fmt.Printf("ns %.3f\nmade %d\n", (cpu()-before)/float64(*pairs), made)
}
