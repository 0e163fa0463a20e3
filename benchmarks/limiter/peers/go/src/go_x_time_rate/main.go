// SPDX-License-Identifier: MIT

// golang.org/x/time/rate: Allow of one Limiter, called by several goroutines.
package main

import (
	"flag"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"unsafe"

	"golang.org/x/time/rate"
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

func main() {
	call := flag.String("call", "try", "try, or refuse: a limit that is used up")
	threads := flag.Int("threads", 1, "of the system, and goroutines")
	permits := flag.Int("permits", 1, "that are asked for")
	flag.Parse()
	runtime.GOMAXPROCS(*threads)
	limiter := rate.NewLimiter(1e9, 1000000)
	if *call == "refuse" {
		limiter = rate.NewLimiter(1e-3, 1)
	}
	var allowed int64
	before := cpu()
	var all sync.WaitGroup
	for t := 0; t < *threads; t++ {
		all.Add(1)
		go func(nth int) {
			defer all.Done()
			pinTo(nth)
			mine := int64(0)
			for i := 0; i < *permits / *threads; i++ {
				if limiter.Allow() {
					mine++
				}
			}
			atomic.AddInt64(&allowed, mine)
		}(t)
	}
	all.Wait()
	n := float64(*permits)
	fmt.Printf("ns %.3f\nallowed %.3f\n", (cpu()-before)/n, float64(allowed)/n)
}
