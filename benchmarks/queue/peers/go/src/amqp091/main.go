// SPDX-License-Identifier: MIT
// What queue_bench measures, with amqp091-go: a quorum queue, persistent and mandatory messages, confirms.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"sort"
	"sync"
	"syscall"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

var host = flag.String("host", "", "HOST:PORT")
var messages = flag.Int("messages", 0, "how many")
var which = flag.String("case", "", "publish_1, publish_256 or consume")

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "amqp091:", err)
		os.Exit(1)
	}
}

func cpuMicroseconds() float64 {
	var used syscall.Rusage
	must(syscall.Getrusage(syscall.RUSAGE_SELF, &used))
	return float64(used.Utime.Sec+used.Stime.Sec)*1e6 + float64(used.Utime.Usec+used.Stime.Usec)
}

func show(begun time.Time, cpu float64) {
	n := float64(*messages)
	fmt.Printf("per_s %.0f\ncpu_us %.3f\n", n/time.Since(begun).Seconds(), (cpuMicroseconds()-cpu)/n)
}

// publish sends all messages from `inFlight` goroutines that each wait for their confirmation; returns the waits.
func publish(channel *amqp.Channel, inFlight int) []float64 {
	body := make([]byte, 256)
	var all []float64
	var lock sync.Mutex
	var group sync.WaitGroup
	next := make(chan struct{}, *messages)
	for i := 0; i < *messages; i++ {
		next <- struct{}{}
	}
	close(next)
	for i := 0; i < inFlight; i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			var waits []float64
			for range next {
				at := time.Now()
				confirmed, err := channel.PublishWithDeferredConfirmWithContext(context.Background(), "go.bench", "any",
					true, false, amqp.Publishing{DeliveryMode: amqp.Persistent, Body: body})
				must(err)
				if !confirmed.Wait() {
					must(fmt.Errorf("not confirmed"))
				}
				waits = append(waits, float64(time.Since(at).Nanoseconds())/1e3)
			}
			lock.Lock()
			all = append(all, waits...)
			lock.Unlock()
		}()
	}
	group.Wait()
	return all
}

func consume(connection *amqp.Connection) {
	channel, err := connection.Channel()
	must(err)
	must(channel.Qos(512, 0, false))
	deliveries, err := channel.Consume("go.bench", "", false, false, false, false, nil)
	must(err)
	begun, cpu := time.Now(), cpuMicroseconds()
	for i := 0; i < *messages; i++ {
		one := <-deliveries
		must(one.Ack(false))
	}
	show(begun, cpu)
}

func main() {
	flag.Parse()
	connection, err := amqp.Dial("amqp://guest:guest@" + *host + "/")
	must(err)
	channel, err := connection.Channel()
	must(err)
	must(channel.Confirm(false))
	must(channel.ExchangeDeclare("go.bench", "direct", true, false, false, false, nil))
	_, err = channel.QueueDeclare("go.bench", true, false, false, false, amqp.Table{"x-queue-type": "quorum"})
	must(err)
	must(channel.QueueBind("go.bench", "any", "go.bench", false, nil))
	_, err = channel.QueuePurge("go.bench", false)
	must(err)
	if *which == "consume" {
		publish(channel, 256)
		consume(connection)
		return
	}
	inFlight := 256
	if *which == "publish_1" {
		inFlight = 1
	}
	begun, cpu := time.Now(), cpuMicroseconds()
	waits := publish(channel, inFlight)
	show(begun, cpu)
	sort.Float64s(waits)
	fmt.Printf("p50_us %.1f\np99_us %.1f\n", waits[len(waits)/2], waits[len(waits)*99/100])
}
