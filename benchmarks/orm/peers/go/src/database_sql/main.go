// SPDX-License-Identifier: MIT

// database/sql with lib/pq and go-sqlite3: one connection, every statement prepared once.
package main

import (
	"database/sql"
	"sort"

	_ "github.com/lib/pq"
	_ "github.com/mattn/go-sqlite3"

	"workload"
)

func open(url string) *sql.DB {
	driver := "postgres"
	if workload.IsServer(url) {
		url += "?sslmode=disable"
	} else {
		driver, url = "sqlite3", workload.SqliteSource(url)
	}
	db, err := sql.Open(driver, url)
	workload.Must(err)
	db.SetMaxOpenConns(1)
	return db
}

func prepared(db *sql.DB, text string) *sql.Stmt {
	st, err := db.Prepare(text)
	workload.Must(err)
	return st
}

func find(db *sql.DB) func(int64) {
	st := prepared(db, workload.Find)
	return func(turn int64) {
		var u workload.User
		workload.Must(st.QueryRow(workload.UserOf(turn)).Scan(&u.ID, &u.Openid, &u.Name, &u.Age, &u.Balance, &u.CreatedMs))
		workload.Require(u.ID == workload.UserOf(turn))
	}
}

func orders(st *sql.Stmt, first int64) []workload.Order {
	var found []workload.Order
	rows, err := st.Query(first)
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

func addLines(st *sql.Stmt, found []workload.Order) {
	ids := make([]interface{}, len(found))
	for i, o := range found {
		ids[i] = o.ID
	}
	rows, err := st.Query(ids...)
	workload.Must(err)
	defer rows.Close()
	for rows.Next() {
		var l workload.Line
		workload.Must(rows.Scan(&l.ID, &l.OrderID, &l.Product, &l.Quantity))
		of := &found[l.OrderID-found[0].ID]
		of.Lines = append(of.Lines, l)
	}
	workload.Must(rows.Err())
}

func list(db *sql.DB) func(int64) {
	one, many := prepared(db, workload.Orders), prepared(db, workload.LinesOfOrders())
	return func(turn int64) {
		found := orders(one, workload.FirstOrderOf(turn))
		addLines(many, found)
		workload.Require(len(found) == workload.Page && len(found[workload.Page-1].Lines) == workload.LinesPerOrder)
	}
}

func insert(db *sql.DB) func(int64) {
	st := prepared(db, workload.Insert)
	return func(turn int64) {
		var key int64
		u := workload.NewUser(turn)
		workload.Must(st.QueryRow(u.Openid, u.Name, u.Age, u.Balance, u.CreatedMs).Scan(&key))
		workload.Require(key > 0)
	}
}

func insertMany(db *sql.DB) func(int64) {
	st, values := prepared(db, workload.InsertMany()), workload.BatchValues()
	return func(int64) {
		done, err := st.Exec(values...)
		workload.Must(err)
		rows, err := done.RowsAffected()
		workload.Must(err)
		workload.Require(rows == workload.Batch)
	}
}

func update(db *sql.DB) func(int64) {
	st := prepared(db, workload.Update)
	return func(turn int64) {
		u := workload.NewUser(turn)
		tx, err := db.Begin()
		workload.Must(err)
		_, err = tx.Stmt(st).Exec(u.Openid, u.Name, u.Age, u.Balance, u.CreatedMs, workload.UserOf(turn))
		workload.Must(err)
		workload.Must(tx.Commit())
	}
}

func fortunes(db *sql.DB) func(int64) {
	st := prepared(db, workload.AllOf)
	return func(int64) {
		rows, err := st.Query()
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
}

func main() {
	cases := map[string]func(*sql.DB) func(int64){"find_by_key": find, "list_preload": list, "insert": insert,
		"insert_many_1000": insertMany, "update_tx": update, "fortunes": fortunes}
	workload.Run(func(url, name string) func(int64) { return cases[name](open(url)) })
}
