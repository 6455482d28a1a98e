/* Does everything right, in C, with nothing but abi.h. */
#include "plain.h"

static void invoke(void* p, tr_call call, const tr_invocation* in) {
  self* me = (self*)p;
  if (is_named(in, "literal")) {
    answer(me, call, "{\"from\":\"plain\"}");
  } else if (is_named(in, "lent")) {
    char* copy = (char*)malloc(in->args_json.size);
    memcpy(copy, in->args_json.data, in->args_json.size);
    tr_outcome out = outcome(TR_OK);
    tr_buffer buffer = {copy, in->args_json.size, free, copy};
    out.output_json = buffer;
    me->call->complete(me->host, call, &out);
  } else if (is_named(in, "fails")) {
    tr_outcome out = outcome(TR_NOT_FOUND);
    out.code = str("plain.no_pair");
    out.message = str("There is no pair XX.");
    out.hint = str("Ask for pairs first.");
    out.details_json = str("{\"pair\":\"XX\"}");
    out.retry_after_ns = 5000000000;
    out.flags = TR_OUT_PROVIDER | TR_OUT_NOT_BILLED | TR_OUT_FINAL;
    me->call->complete(me->host, call, &out);
  } else if (is_named(in, "priced")) {
    me->call->meter(me->host, call, str("usd"), 1500);
    me->call->meter(me->host, call, str("usd"), 500);
    me->call->meter(me->host, call, str("character"), 7000000);
    answer(me, call, "{}");
  } else {
    answer_bytes(me, call, in->args_json.data, in->args_json.size);
  }
}

static tr_status create(const tr_host* host, const tr_plugin** out) {
  *out = &make_self(host, invoke)->plugin;
  return TR_OK;
}

PLAIN_ENTRY(create)

#ifdef ANOTHER_BUILD
const char another_build[] = "the same tool and version, other bytes";
__attribute__((used)) static const char* keep_another_build(void) { return another_build; }
#endif
