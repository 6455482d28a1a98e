/* Exports the symbol, and says there is nothing behind it. */
#include <toolrack/abi.h>

TR_EXPORT const tr_entry* toolrack_entry_v1(void);
TR_EXPORT const tr_entry* toolrack_entry_v1(void) { return NULL; }
