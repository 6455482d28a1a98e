/* create() or start() says no, and why. start() has begun an operation by then. */
#include "plain.h"

static void invoke(void* p, tr_call call, const tr_invocation* in) {
  (void)in;
  answer((self*)p, call, "{}");
}

static void never_mind(void* user, const tr_result* result) {
  (void)user;
  (void)result;
}

static tr_status start(void* p, const tr_start* in) {
  self* me = (self*)p;
  (void)in;
  get_services(me);
  me->clock->after(me->host, 0, 3600000000000, never_mind, NULL);
  me->host->explain(me->host, str("the setting \"endpoint\" is missing"));
  return TR_FAILED_PRECONDITION;
}

static tr_status create(const tr_host* host, const tr_plugin** out) {
#ifdef REFUSE_CREATE
  (void)start;
  (void)out;
  (void)invoke;
  host->explain(host, str("the library foo is too old"));
  return TR_FAILED_PRECONDITION;
#else
  self* me = make_self(host, invoke);
  me->plugin.start = start;
  *out = &me->plugin;
  return TR_OK;
#endif
}

PLAIN_ENTRY(create)
