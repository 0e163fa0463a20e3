// SPDX-License-Identifier: MIT

// pgx 4's own interface: one connection, which caches prepared statements.
package main

import (
	"context"
	"sort"

	"github.com/jackc/pgx/v4"

	"workload"
)

var background = context.Background()

func find(db *pgx.Conn, turn int64) {
	var u workload.User
	row := db.QueryRow(background, workload.Find, workload.UserOf(turn))
	workload.Must(row.Scan(&u.ID, &u.Openid, &u.Name, &u.Age, &u.Balance, &u.CreatedMs))
	workload.Require(u.ID == workload.UserOf(turn))
}

func orders(db *pgx.Conn, first int64) []workload.Order {
	var found []workload.Order
	rows, err := db.Query(background, workload.Orders, first)
	workload.Must(err)
	defer rows.Close()
	for rows.Next() {
		var o workload.Order
		workload.Must(rows.Scan(&o.ID, &o.UserID, &o.TotalCents))
		found = append(found, o)
	}
	workload.Must(rows.Err())
	return found
}

var linesOfOrders = workload.LinesOfOrders()

func list(db *pgx.Conn, turn int64) {
	found := orders(db, workload.FirstOrderOf(turn))
	ids := make([]interface{}, len(found))
	for i, o := range found {
		ids[i] = o.ID
	}
	rows, err := db.Query(background, linesOfOrders, ids...)
	workload.Must(err)
	defer rows.Close()
	for rows.Next() {
		var l workload.Line
		workload.Must(rows.Scan(&l.ID, &l.OrderID, &l.Product, &l.Quantity))
		of := &found[l.OrderID-found[0].ID]
		of.Lines = append(of.Lines, l)
	}
	workload.Must(rows.Err())
	workload.Require(len(found) == workload.Page && len(found[workload.Page-1].Lines) == workload.LinesPerOrder)
}

func insert(db *pgx.Conn, turn int64) {
	var key int64
	u := workload.NewUser(turn)
	row := db.QueryRow(background, workload.Insert, u.Openid, u.Name, u.Age, u.Balance, u.CreatedMs)
	workload.Must(row.Scan(&key))
	workload.Require(key > 0)
}

var insertManyText, batchValues = workload.InsertMany(), workload.BatchValues()

func insertMany(db *pgx.Conn, _ int64) {
	done, err := db.Exec(background, insertManyText, batchValues...)
	workload.Must(err)
	workload.Require(done.RowsAffected() == workload.Batch)
}

func update(db *pgx.Conn, turn int64) {
	u := workload.NewUser(turn)
	tx, err := db.Begin(background)
	workload.Must(err)
	_, err = tx.Exec(background, workload.Update, u.Openid, u.Name, u.Age, u.Balance, u.CreatedMs, workload.UserOf(turn))
	workload.Must(err)
	workload.Must(tx.Commit(background))
}

func fortunes(db *pgx.Conn, _ int64) {
	rows, err := db.Query(background, workload.AllOf)
	workload.Must(err)
	defer rows.Close()
	var all []workload.Fortune
	for rows.Next() {
		var f workload.Fortune
		workload.Must(rows.Scan(&f.ID, &f.Message))
		all = append(all, f)
	}
	all = append(all, workload.Fortune{Message: workload.Additional})
	sort.Slice(all, func(i, j int) bool { return all[i].Message < all[j].Message })
	workload.Require(len(all) == workload.Fortunes+1)
}

func main() {
	cases := map[string]func(*pgx.Conn, int64){"find_by_key": find, "list_preload": list, "insert": insert,
		"insert_many_1000": insertMany, "update_tx": update, "fortunes": fortunes}
	workload.Run(func(url, name string) func(int64) {
		db, err := pgx.Connect(background, url+"?sslmode=disable")
		workload.Must(err)
		once := cases[name]
		return func(turn int64) { once(db, turn) }
	})
}
