/* What its static constructors saw, in the order in which they ran. */
#include <stdio.h>

#include "plain.h"

static char order[16];
static void note(char letter) { order[strlen(order)] = letter; }

void first(void);
void first(void) { note('i'); }
__attribute__((constructor(101))) static void early(int count, char** values, char** environment) {
  note(count > 0 && values[0] != NULL && values[count] == NULL && environment != NULL ? 'a' : '?');
}
__attribute__((constructor(102))) static void later(void) { note('b'); }
__attribute__((constructor)) static void last(void) { note('c'); }

static void invoke(void* p, tr_call call, const tr_invocation* in) {
  char text[64];
  (void)in;
  snprintf(text, sizeof text, "{\"order\":\"%s\"}", order);
  answer((self*)p, call, text);
}

static tr_status create(const tr_host* host, const tr_plugin** out) {
  *out = &make_self(host, invoke)->plugin;
  return TR_OK;
}

PLAIN_ENTRY(create)
