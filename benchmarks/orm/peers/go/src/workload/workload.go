// SPDX-License-Identifier: MIT

// Package workload is shared by the Go programs: the rows, the cases' arguments and the figures, like
// benchmarks/orm/workload.hpp for the others.
package workload

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"
)

type User struct {
	ID        int64
	Openid    string
	Name      string
	Age       int
	Balance   float64
	CreatedMs int64
}

type Line struct {
	ID       int64
	OrderID  int64
	Product  string
	Quantity int
}

type Order struct {
	ID         int64
	UserID     int64
	TotalCents int64
	Lines      []Line
}

type Fortune struct {
	ID      int64
	Message string
}

const (
	Page          = 20
	LinesPerOrder = 5
	Fortunes      = 12
	Batch         = 1000

	Find       = "SELECT id, openid, name, age, balance, created_ms FROM users WHERE id = $1"
	Orders     = "SELECT id, user_id, total_cents FROM orders WHERE id >= $1 ORDER BY id LIMIT 20"
	Insert     = "INSERT INTO added (openid, name, age, balance, created_ms) VALUES ($1, $2, $3, $4, $5) RETURNING id"
	Update     = "UPDATE users SET openid = $1, name = $2, age = $3, balance = $4, created_ms = $5 WHERE id = $6"
	AllOf      = "SELECT id, message FROM fortunes"
	Additional = "Additional fortune added at request time."
)

func UserOf(turn int64) int64       { return 1 + turn*7%1000 }
func FirstOrderOf(turn int64) int64 { return 1 + turn%10*Page }

func NewUser(number int64) User {
	digits := fmt.Sprintf("%028d", number)
	return User{0, "o-" + digits, "name " + digits[20:], int(number % 90), 0.5, 1700000000000}
}

func marks(count, from int) string {
	made := make([]string, count)
	for i := range made {
		made[i] = fmt.Sprintf("$%d", from+i)
	}
	return strings.Join(made, ", ")
}

func LinesOfOrders() string {
	return "SELECT id, order_id, product, quantity FROM order_lines WHERE order_id IN (" + marks(Page, 1) + ") ORDER BY order_id"
}

func InsertMany() string {
	rows := make([]string, Batch)
	for i := range rows {
		rows[i] = "(" + marks(5, 1+5*i) + ")"
	}
	return "INSERT INTO added (openid, name, age, balance, created_ms) VALUES " + strings.Join(rows, ", ")
}

func BatchValues() []interface{} {
	var all []interface{}
	for i := int64(0); i < Batch; i++ {
		u := NewUser(i)
		all = append(all, u.Openid, u.Name, u.Age, u.Balance, u.CreatedMs)
	}
	return all
}

func Require(right bool) {
	if !right {
		Must(errors.New("the database answered something else than it should"))
	}
}

func Must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func cpu() float64 {
	var used syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &used)
	return float64(used.Utime.Nano()+used.Stime.Nano()) / 1e3
}

func measure(operations int64, once func(turn int64)) {
	for i := int64(0); i <= operations/10; i++ {
		once(i)
	}
	began, at := cpu(), time.Now()
	for i := int64(0); i < operations; i++ {
		once(i)
	}
	used, wall := cpu()-began, float64(time.Since(at).Nanoseconds())/1e3
	fmt.Printf("cpu_us %.3f\nwall_us %.3f\n", used/float64(operations), wall/float64(operations))
}

// Run measures the operation of --case that prepare creates for the database of --url.
func Run(prepare func(url, name string) func(turn int64)) {
	name := flag.String("case", "", "")
	url := flag.String("url", "", "")
	operations := flag.Int64("operations", 1, "")
	flag.Parse()
	measure(*operations, prepare(*url, *name))
}

func IsServer(url string) bool { return strings.Contains(url, "://") }

// SqliteSource returns the file with the same settings as in the other programs.
func SqliteSource(path string) string {
	return "file:" + path + "?_journal_mode=WAL&_synchronous=NORMAL&_foreign_keys=on&_txlock=immediate"
}
