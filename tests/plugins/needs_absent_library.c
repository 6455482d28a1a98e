int toolrack_tests_absent(void);
int wants_library(void);
int wants_library(void) { return toolrack_tests_absent(); }
__attribute__((used)) static int (*const keep_wanting)(void) = wants_library;
