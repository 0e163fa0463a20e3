// SPDX-License-Identifier: MIT

// --port N --in-flight N --operations N: redigo, in pipelines of that many GETs.
package main

import (
	"flag"
	"fmt"
	"os"
	"syscall"
	"time"

	"github.com/gomodule/redigo/redis"
)

const value = "0123456789abcdef"

func fail(what error) {
	fmt.Fprintln(os.Stderr, "redis_redigo:", what)
	os.Exit(2)
}

func cpuMicroseconds() float64 {
	var used syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &used)
	micros := func(t syscall.Timeval) float64 { return float64(t.Sec)*1e6 + float64(t.Usec) }
	return micros(used.Utime) + micros(used.Stime)
}

func take(on redis.Conn) {
	got, failed := redis.String(on.Receive())
	if failed != nil {
		fail(failed)
	}
	if got != value {
		fail(fmt.Errorf("a value is wrong"))
	}
}

func main() {
	port := flag.Int("port", 0, "")
	inFlight := flag.Int("in-flight", 1, "")
	operations := flag.Int("operations", 1, "")
	flag.Parse()
	on, failed := redis.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", *port))
	if failed != nil {
		fail(failed)
	}
	if _, failed := on.Do("SET", "key", value); failed != nil {
		fail(failed)
	}
	cpu := cpuMicroseconds()
	begun := time.Now()
	for done := 0; done < *operations; done += *inFlight {
		for i := 0; i < *inFlight; i++ {
			on.Send("GET", "key")
		}
		on.Flush()
		for i := 0; i < *inFlight; i++ {
			take(on)
		}
	}
	took := time.Since(begun).Seconds()
	fmt.Printf("ops_per_s %.0f\ncpu_us %.4f\n", float64(*operations)/took, (cpuMicroseconds()-cpu)/float64(*operations))
}
