// SPDX-License-Identifier: MIT
#include "notes.hpp"
#include <weir/app.hpp>

int main() {
    note_api notes;
    weir::app app;
    app.route("/notes", notes);
    app.serve_health();
    return app.run({.port = 8080});
}
