// SPDX-License-Identifier: MIT

// GORM 1.9 over lib/pq and go-sqlite3: one connection. It has no batch insert: that case is a loop in one transaction.
package main

import (
	"sort"

	"github.com/jinzhu/gorm"
	_ "github.com/lib/pq"
	_ "github.com/mattn/go-sqlite3"

	"workload"
)

type user struct {
	ID        int64
	Openid    string
	Name      string
	Age       int
	Balance   float64
	CreatedMs int64
}

type added user

func (added) TableName() string { return "added" }

type orderLine struct {
	ID       int64
	OrderID  int64
	Product  string
	Quantity int
}

type order struct {
	ID         int64
	UserID     int64
	TotalCents int64
	Lines      []orderLine `gorm:"foreignkey:OrderID"`
}

type fortune struct {
	ID      int64
	Message string
}

func open(url string) *gorm.DB {
	dialect := "postgres"
	if workload.IsServer(url) {
		url += "?sslmode=disable"
	} else {
		dialect, url = "sqlite3", workload.SqliteSource(url)
	}
	db, err := gorm.Open(dialect, url)
	workload.Must(err)
	db.DB().SetMaxOpenConns(1)
	return db
}

func newAdded(turn int64) added {
	u := workload.NewUser(turn)
	return added{Openid: u.Openid, Name: u.Name, Age: u.Age, Balance: u.Balance, CreatedMs: u.CreatedMs}
}

func find(db *gorm.DB, turn int64) {
	var u user
	workload.Must(db.First(&u, workload.UserOf(turn)).Error)
	workload.Require(u.ID == workload.UserOf(turn))
}

func list(db *gorm.DB, turn int64) {
	var found []order
	first := workload.FirstOrderOf(turn)
	workload.Must(db.Preload("Lines").Where("id >= ?", first).Order("id").Limit(workload.Page).Find(&found).Error)
	workload.Require(len(found) == workload.Page && len(found[workload.Page-1].Lines) == workload.LinesPerOrder)
}

func insert(db *gorm.DB, turn int64) {
	a := newAdded(turn)
	workload.Must(db.Create(&a).Error)
	workload.Require(a.ID > 0)
}

func insertMany(db *gorm.DB, _ int64) {
	tx := db.Begin()
	workload.Must(tx.Error)
	for i := int64(0); i < workload.Batch; i++ {
		insert(tx, i)
	}
	workload.Must(tx.Commit().Error)
}

func update(db *gorm.DB, turn int64) {
	u := user(newAdded(turn))
	u.ID = workload.UserOf(turn)
	done := db.Save(&u) // in a separate transaction
	workload.Must(done.Error)
	workload.Require(done.RowsAffected == 1)
}

func fortunes(db *gorm.DB, _ int64) {
	var all []fortune
	workload.Must(db.Find(&all).Error)
	all = append(all, fortune{Message: workload.Additional})
	sort.Slice(all, func(i, j int) bool { return all[i].Message < all[j].Message })
	workload.Require(len(all) == workload.Fortunes+1)
}

func main() {
	cases := map[string]func(*gorm.DB, int64){"find_by_key": find, "list_preload": list, "insert": insert,
		"insert_many_1000": insertMany, "update_tx": update, "fortunes": fortunes}
	workload.Run(func(url, name string) func(int64) {
		db, once := open(url), cases[name]
		return func(turn int64) { once(db, turn) }
	})
}
