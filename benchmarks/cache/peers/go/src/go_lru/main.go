// SPDX-License-Identifier: MIT

// github.com/hashicorp/golang-lru: Get and Add of one Cache, called by several goroutines.
package main

import (
	"flag"
	"fmt"
	"math"
	"math/rand"
	"runtime"
	"sort"
	"strconv"
	"sync"
	"syscall"
	"unsafe"

	lru "github.com/hashicorp/golang-lru"
)

func cpu() float64 {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		panic(err)
	}
	return float64(used.Utime.Nano() + used.Stime.Nano())
}

// Pins each thread to its own processor, if there are enough.
func pinTo(nth int) {
	runtime.LockOSThread()
	var usable, one [16]uint64
	size := uintptr(unsafe.Sizeof(usable))
	syscall.RawSyscall(syscall.SYS_SCHED_GETAFFINITY, 0, size, uintptr(unsafe.Pointer(&usable)))
	var all []int
	for cpu := 0; cpu < 64*len(usable); cpu++ {
		if usable[cpu/64]>>(cpu%64)&1 == 1 {
			all = append(all, cpu)
		}
	}
	cpu := all[nth%len(all)]
	one[cpu/64] = 1 << (cpu % 64)
	syscall.RawSyscall(syscall.SYS_SCHED_SETAFFINITY, 0, size, uintptr(unsafe.Pointer(&one)))
}

func keysOf(many int) []string {
	keys := make([]string, many)
	for i := range keys {
		keys[i] = "room-" + strconv.Itoa(100000+i)
	}
	return keys
}

func find(threads, lookups int) {
	keys := keysOf(1000)
	rooms, _ := lru.New(10000)
	for _, key := range keys {
		rooms.Add(key, "a page of some length")
	}
	var all sync.WaitGroup
	for t := 0; t < threads; t++ {
		all.Add(1)
		go func(nth int) {
			defer all.Done()
			pinTo(nth)
			for i := 0; i < lookups/threads; i++ {
				if _, found := rooms.Get(keys[i*7919%len(keys)]); !found {
					panic("not found")
				}
			}
		}(t)
	}
	all.Wait()
}

func zipf(lookups int) float64 {
	keys := keysOf(100000)
	below := make([]float64, len(keys))
	sum := 0.0
	for i := range below {
		sum += 1 / math.Pow(float64(i+1), 0.9)
		below[i] = sum
	}
	source := rand.New(rand.NewSource(1))
	trace := make([]int, lookups)
	for i := range trace {
		trace[i] = sort.SearchFloat64s(below, source.Float64()*sum)
	}
	rooms, _ := lru.New(len(keys) / 10)
	hits := 0
	before := cpu()
	for _, at := range trace {
		if _, found := rooms.Get(keys[at]); found {
			hits++
		} else {
			rooms.Add(keys[at], "a page of some length")
		}
	}
	fmt.Printf("hits %.4f\n", float64(hits)/float64(lookups))
	return cpu() - before
}

func main() {
	call := flag.String("call", "find", "find or zipf")
	threads := flag.Int("threads", 1, "of the system, and goroutines")
	lookups := flag.Int("lookups", 1, "over all threads")
	flag.Parse()
	runtime.GOMAXPROCS(*threads)
	before := cpu()
	took := 0.0
	if *call == "zipf" {
		took = zipf(*lookups)
	} else {
		find(*threads, *lookups)
		took = cpu() - before
	}
	fmt.Printf("ns %.3f\n", took/float64(*lookups))
}
