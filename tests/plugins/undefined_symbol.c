/* Needs a function that no library of the process has. */
int toolrack_tests_no_such_function(void);
int wants_it(void);
int wants_it(void) { return toolrack_tests_no_such_function(); }
__attribute__((used)) static int (*const keep)(void) = wants_it;
