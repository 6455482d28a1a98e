/* Works for itself, as call 0: a timer that sets itself again until the host says it is over. */
#include <stdatomic.h>
#include <stdio.h>

#include "plain.h"

typedef struct state {
  atomic_int ticks, cancelled;
} state;

static void tick(void* user, const tr_result* result) {
  self* me = (self*)user;
  state* s = (state*)me->more;
  if (result->status != TR_OK) {
    atomic_fetch_add(&s->cancelled, 1);
    return;
  }
  atomic_fetch_add(&s->ticks, 1);
  me->clock->after(me->host, 0, 1000000, tick, me);
}

static tr_status start(void* p, const tr_start* in) {
  self* me = (self*)p;
  (void)in;
  get_services(me);
  me->clock->after(me->host, 0, 1000000, tick, me);
  return TR_OK;
}

static void invoke(void* p, tr_call call, const tr_invocation* in) {
  self* me = (self*)p;
  char text[64];
  (void)in;
  snprintf(text, sizeof text, "{\"ticks\":%d}", atomic_load(&((state*)me->more)->ticks));
  answer(me, call, text);
}

static void destroy(void* p) {
  state* s = (state*)((self*)p)->more;
  if (atomic_load(&s->cancelled) != 1) abort(); /* the last timer must have ended, once, before us */
  free(s);
  free(p);
}

static tr_status create(const tr_host* host, const tr_plugin** out) {
  self* me = make_self(host, invoke);
  me->more = calloc(1, sizeof(state));
  me->plugin.start = start;
  me->plugin.destroy = destroy;
  *out = &me->plugin;
  return TR_OK;
}

PLAIN_ENTRY(create)
