// SPDX-License-Identifier: MIT

// The breaker of eapache's go-resiliency, the one that Debian packages: it counts consecutive errors, has no window,
// and doesn't time its calls.
package main

import (
	"flag"
	"fmt"
	"runtime"
	"sync"
	"syscall"
	"time"

	"gopkg.in/eapache/go-resiliency.v1/breaker"
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
	calls := flag.Int("calls", 1, "through the breaker")
	flag.String("server", "", "not looked at")
	flag.String("case", "", "not looked at")
	flag.Parse()
	runtime.GOMAXPROCS(*threads)
	b := breaker.New(20, 10, 30*time.Second)
	before := cpu()
	var all sync.WaitGroup
	for t := 0; t < *threads; t++ {
		all.Add(1)
		go func() {
			defer all.Done()
			for i := 0; i < *calls / *threads; i++ {
				if err := b.Run(func() error { return nil }); err != nil {
					panic(err)
				}
			}
		}()
	}
	all.Wait()
	fmt.Printf("ns %.3f\n", (cpu()-before)/float64(*calls))
}
