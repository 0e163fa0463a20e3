// SPDX-License-Identifier: MIT
#pragma once

/// Databases: repositories of described structs, typed queries, transactions.
#include <weir/orm/database.hpp>
#include <weir/orm/migrate.hpp>
#include <weir/orm/query.hpp>
#include <weir/orm/query/aggregate.hpp>
#include <weir/orm/query/column.hpp>
#include <weir/orm/repository.hpp>
#include <weir/orm/transaction.hpp>
#include <weir/orm/versioned_migrations.hpp>
