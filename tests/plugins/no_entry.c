/* A library like any other: no toolrack_entry_v1. */
int not_an_entry(void);
int not_an_entry(void) { return 0; }
