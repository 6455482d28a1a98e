/* A library that is there when the plugin is linked and not when it is loaded. */
int toolrack_tests_absent(void);
int toolrack_tests_absent(void) { return 1; }
