// SPDX-License-Identifier: MIT

// Values through Go's channels: sent and received without a wait, and back and forth between two goroutines, on one
// thread or on two.
package main

import (
	"flag"
	"fmt"
	"runtime"
	"syscall"
)

func cpu() float64 {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		panic(err)
	}
	return float64(used.Utime.Nano() + used.Stime.Nano())
}

func ready(count int) {
	values := make(chan int, 1024)
	for i := 0; i < count; i++ {
		values <- i
		if <-values != i {
			panic("a value is wrong")
		}
	}
}

func pingPong(count int) {
	there := make(chan int)
	back := make(chan int)
	go func() {
		for i := range there {
			back <- i
		}
	}()
	for i := 0; i < count; i++ {
		there <- i
		if <-back != i {
			panic("a value is wrong")
		}
	}
	close(there)
}

func main() {
	flag.String("server", "", "not looked at")
	name := flag.String("case", "ready", "ready, ping_pong or ping_pong_threads")
	values := flag.Int("values", 1, "that are sent and received")
	flag.Parse()
	runtime.GOMAXPROCS(1)
	if *name == "ping_pong_threads" {
		runtime.GOMAXPROCS(2)
	}
	before := cpu()
	switch *name {
	case "ready":
		ready(*values)
	case "ping_pong", "ping_pong_threads":
		pingPong(*values / 2)
	default:
		panic("no such case: " + *name)
	}
	fmt.Printf("ns %.3f\n", (cpu()-before)/float64(*values))
}
