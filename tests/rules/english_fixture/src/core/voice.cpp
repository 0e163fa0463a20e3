// SPDX-License-Identifier: MIT
// Never compiled: each marked line breaks the rule once.

// Tells the loop anew when the task waits in vain. (found: the first phrase of a line)
int told = 0; // a name isn't a comment
const char* text = "nobody"; // neither is a string
int left = 0; // what is told to whom

/// Whoever holds the lock.
TEST_CASE("nobody waits for a text") {}
int answer(); // an untouched, soldered threshold
