/* An entry or a plugin with something missing; MISSING says what. */
#include "plain.h"

enum { ENTRY_BYTES = 1, CREATE, PLUGIN, PLUGIN_BYTES, INVOKE, DESTROY };

static void invoke(void* p, tr_call call, const tr_invocation* in) {
  (void)in;
  answer((self*)p, call, "{}");
}

static tr_status create(const tr_host* host, const tr_plugin** out) {
  static self* me; /* Nobody else can free it. */
  me = make_self(host, invoke);
  if (MISSING == PLUGIN_BYTES) me->plugin.struct_size = 16;
  if (MISSING == INVOKE) me->plugin.invoke = NULL;
  if (MISSING == DESTROY) me->plugin.destroy = NULL;
  if (MISSING != PLUGIN) *out = &me->plugin;
  return TR_OK;
}

TR_EXPORT const tr_entry* toolrack_entry_v1(void);
TR_EXPORT const tr_entry* toolrack_entry_v1(void) {
  static tr_entry entry = {sizeof(tr_entry), TR_ABI_MAJOR, TR_ABI_MINOR, 0, 0, create};
  if (MISSING == ENTRY_BYTES) entry.struct_size = 8;
  if (MISSING == CREATE) entry.create = NULL;
  return &entry;
}
